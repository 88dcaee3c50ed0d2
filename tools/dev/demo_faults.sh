# shellcheck shell=bash
# What goes wrong in the middle of ./dev demo, on purpose.

# demo_faults ORDERS: runs beside the driver.
demo_faults() {
  demo_kill_relay "$1" && demo_kill_invoice_service "$1"
}

# demo_progress: sets DEMO_ORDERS, DEMO_INVOICES and DEMO_PROCESSED.
demo_progress() {
  local counts
  counts=$("$DEMO_BIN/outbox-demo" progress "${DEMO_TARGETS[@]}" 2>/dev/null 7>&-) || return 1
  read -r DEMO_ORDERS DEMO_INVOICES DEMO_PROCESSED <<<"$counts"
}

# The relay is stopped to look whether something that it sent has had its effect and is not marked yet:
# then it is killed, and has to send that again. Else it goes on for a moment.
demo_kill_relay() {
  local end=$((SECONDS + 60)) pid
  until demo_progress && ((DEMO_INVOICES > 0)); do
    ((SECONDS < end)) || return 1
    sleep 0.05
  done
  pid=$(live_pid outbox-processor) || return 1
  while ((SECONDS < end)); do
    kill -STOP "$pid"
    if demo_progress && ((DEMO_INVOICES > DEMO_PROCESSED)); then
      signal_and_wait outbox-processor KILL 10
      say "    killed the relay (SIGKILL) with $((DEMO_INVOICES - DEMO_PROCESSED)) messages delivered and not marked"
      demo_spawn outbox-processor
      return 0
    fi
    kill -CONT "$pid"
    if ((DEMO_ORDERS == $1 && DEMO_PROCESSED >= $1)); then
      say "    the relay was done before it could be killed"
      return 0
    fi
    sleep 0.02
  done
}

# It stays away for two seconds, in which the relay holds what it cannot deliver.
demo_kill_invoice_service() {
  local end=$((SECONDS + 60)) made=$DEMO_INVOICES
  until demo_progress && ((DEMO_INVOICES > made || DEMO_INVOICES >= $1)); do
    ((SECONDS < end)) || return 1
    sleep 0.05
  done
  signal_and_wait invoice-service KILL 10
  say "    killed invoice-service (SIGKILL) at $DEMO_ORDERS orders and $DEMO_INVOICES invoices, for two seconds"
  sleep 2
  demo_spawn invoice-service
}
