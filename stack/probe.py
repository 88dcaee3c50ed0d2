#!/usr/bin/env python3
"""What the stack asks of the network: a free port, and whether a server really answers.

  probe.py port [WANTED]     print a free TCP port of 127.0.0.1: WANTED if it is free
  probe.py postgres          exit 0 if the server of the URL in PROBE_URL (it holds a password, which
                             an argument would show to every user) answers a query
  probe.py kafka ADDRS N     exit 0 if every broker of ADDRS answers ApiVersions and knows N brokers
  probe.py mongo URL         exit 0 if the server answers ping
  probe.py http URL          exit 0 if the server answers 200
  probe.py metric URL NAME   print the sum of that metric's samples, in Prometheus' text format
"""

import ctypes
import os
import random
import re
import socket
import struct
import sys
import urllib.error
import urllib.request

TIMEOUT_S = 2.0
# Below the range from which the kernel gives out client ports (32768 and up on Linux), so that no
# outgoing connection takes the port of a server that is down for a moment.
PORTS = range(20000, 30000)


def free_port(wanted=()):
    for port in [*wanted, *random.sample(PORTS, 100)]:
        with socket.socket() as probe:
            # As servers do it: a port whose last connections linger in TIME_WAIT is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no free port between 20000 and 29999 on 127.0.0.1")


def postgres(url):
    libpq = ctypes.CDLL("libpq.so.5")
    libpq.PQconnectdb.restype = libpq.PQexec.restype = ctypes.c_void_p
    libpq.PQerrorMessage.restype = ctypes.c_char_p
    connection = ctypes.c_void_p(libpq.PQconnectdb(url.encode()))
    try:
        result = ctypes.c_void_p(libpq.PQexec(connection, b"select 1"))
        if libpq.PQresultStatus(result) != 2:  # PGRES_TUPLES_OK
            raise OSError(libpq.PQerrorMessage(connection).decode(errors="replace").strip())
    finally:
        libpq.PQfinish(connection)


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise OSError("the server closed the connection")
        data += piece
    return data


def kafka_call(connection, api_key, version, body=b""):
    """One request of Kafka's protocol (header version 1, no client id); returns the answer's body."""
    message = struct.pack(">hhih", api_key, version, 7, -1) + body
    connection.sendall(struct.pack(">i", len(message)) + message)
    (size,) = struct.unpack(">i", read_exactly(connection, 4))
    answer = read_exactly(connection, min(size, 1 << 20))
    return answer[4:]  # without the correlation id


def kafka(addresses, brokers):
    for address in addresses.split(","):
        host, port = address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), TIMEOUT_S) as connection:
            (error,) = struct.unpack(">h", kafka_call(connection, 18, 0)[:2])  # ApiVersions v0
            if error != 0:
                raise OSError(f"ApiVersions: error {error}")
            # Metadata v1 with an empty list of topics: the brokers that are alive.
            (known,) = struct.unpack(">i", kafka_call(connection, 3, 1, struct.pack(">i", 0))[:4])
            if known < brokers:
                raise OSError(f"{known} of {brokers} brokers are alive")


def mongo(url):
    match = re.match(r"mongodb://(?:[^@/]*@)?([^:/,]+)(?::(\d+))?", url)
    if match is None:
        raise OSError("not a mongodb:// address")
    ping = b"\x10ping\0\1\0\0\0" + b"\x02$db\0\x06\0\0\0admin\0" + b"\0"
    document = struct.pack("<i", len(ping) + 4) + ping
    message = struct.pack("<iiii", 16 + 5 + len(document), 1, 0, 2013)  # OP_MSG
    message += b"\0\0\0\0\0" + document
    with socket.create_connection((match[1], int(match[2] or 27017)), TIMEOUT_S) as connection:
        connection.sendall(message)
        (size,) = struct.unpack("<i", read_exactly(connection, 4))
        answer = read_exactly(connection, min(size, 1 << 20) - 4)
        if b"\x01ok\0" + struct.pack("<d", 1.0) not in answer:
            raise OSError("ping was not answered with ok: 1")


def http(url):
    with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
        if answer.status != 200:
            raise OSError(f"status {answer.status}")
        return answer.read(1024 * 1024)


def metric(text, name):
    samples = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    return sum(int(float(value)) for series, value in samples if series.split("{")[0] == name)


def main(arguments):
    try:
        match arguments:
            case ["port", *wanted]:
                print(free_port(map(int, wanted)))
            case ["postgres"]:
                os.environ.setdefault("PGCONNECT_TIMEOUT", "2")
                postgres(os.environ["PROBE_URL"])
            case ["kafka", addresses, brokers]:
                kafka(addresses, int(brokers))
            case ["mongo", url]:
                mongo(url)
            case ["http", url]:
                http(url)
            case ["metric", url, name]:
                print(metric(http(url).decode(), name))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (OSError, KeyError, ValueError, struct.error, urllib.error.URLError) as problem:
        print(f"probe.py {arguments[0]}: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
