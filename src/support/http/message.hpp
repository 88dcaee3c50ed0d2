// An HTTP request and its answer, as handlers see them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outbox::http {

class EventStream;

// ASCII letters only, as names of headers compare.
[[nodiscard]] bool same_ignoring_case(std::string_view a, std::string_view b);

// Names and values in the order in which they came. Names compare without regard to case.
class Headers {
 public:
  void add(std::string name, std::string value);
  // The first value of the name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const {
    return entries_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

using NamedValues = std::vector<std::pair<std::string, std::string>>;

// What somebody may do: a viewer reads, an operator also changes things.
enum class Role { viewer, operator_ };

// "viewer", "operator".
[[nodiscard]] std::string_view to_string(Role role);

// Who sent a request, by a token.
struct Caller {
  std::string name;
  Role role = Role::viewer;
};

struct Request {
  std::string method;
  std::string target;           // as it came: path and query, still encoded
  std::string path;             // still encoded, without the query
  NamedValues path_parameters;  // of the route's {names}, decoded
  NamedValues query;            // decoded, UTF-8, repeated names kept
  Headers headers;
  std::string body;
  // Nothing: nobody said who they are. The server has checked what the route asks for.
  std::optional<Caller> caller = std::nullopt;
  std::string peer = {};   // the address of the connection's other end, without the port
  std::string local = {};  // the address of this end

  // The value that the route's {name} stands for; the empty string when the route has no such name.
  [[nodiscard]] std::string_view path_parameter(std::string_view name) const;
  // The first value of the name.
  [[nodiscard]] std::optional<std::string_view> query_parameter(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string content_type;  // none when empty
  Headers headers;
  std::string body;
  // Set: the answer is this stream of events instead of the body, with status 200, for as long as
  // both sides want. The server refuses with 503 when it has max_event_streams already.
  std::shared_ptr<EventStream> stream = nullptr;
};

// What is wrong with one place of a request's body.
struct FieldError {
  std::string detail;
  std::string pointer;  // JSON Pointer as a URI fragment (RFC 6901 §6): "#", "#/items/0/price"
};

[[nodiscard]] Response text_response(int status, std::string text);

// The body is JSON text already.
[[nodiscard]] Response json_response(int status, std::string json);

// application/problem+json (RFC 9457). `detail` says what happened and what to do. Bytes that are
// not UTF-8 are replaced.
[[nodiscard]] Response problem(int status, std::string_view title, std::string_view detail,
                               const std::vector<FieldError>& errors = {});

// The standard reason phrase, "Not Found"; "Unknown" for a status that this project does not send.
[[nodiscard]] std::string_view reason_phrase(int status);

// The bytes of a response: status line, headers, Date, Content-Length, Connection, and the body
// unless `head_only`. Header names or values that would break the framing are left out.
[[nodiscard]] std::string serialize(const Response& response, bool head_only, bool keep_alive);

// The same up to the body, which follows piece by piece until the connection ends.
[[nodiscard]] std::string serialize_stream_head(const Response& response);

// What tells a browser to take an answer for nothing but what it is, to show it in no other page's
// frame, and to keep no copy of JSON. A header that the answer has already stays as it is.
void add_security_headers(Response& response);

}  // namespace outbox::http
