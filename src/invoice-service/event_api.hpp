// The way in for events by HTTP, as the relay's HTTP sink sends them.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "invoice-service/consumer_metrics.hpp"
#include "invoice-service/event_batcher.hpp"
#include "support/http/router.hpp"

namespace outbox::invoices {

struct EventAuthentication {
  std::vector<std::string> secrets;  // their bytes; an event signed with one of them is taken
  std::chrono::milliseconds tolerance{300'000};  // between the signature's timestamp and this clock
};

// POST /v1/events: one event in CloudEvents' binary mode (ce-id, ce-type, ce-subject, the body is
// its payload), signed as Standard Webhooks has it. The signed webhook-id is the message's id, so
// one that is sent again, by whomever, changes nothing. The signature does not cover the ce-
// headers: where strangers can change what is on the wire, TLS must be in front.
//
// 204: it has had its effect, now or before, or means nothing here. 400, 422: it can never be
// processed; there are no dead letters, its sender keeps it. 401: not signed rightly or not lately.
// 503: the store is away, send it again.
//
// The parts must outlive the router's server.
void add_event_route(http::Router& router, EventAuthentication authentication,
                     EventBatcher& batcher, ConsumerMetrics& metrics);

}  // namespace outbox::invoices
