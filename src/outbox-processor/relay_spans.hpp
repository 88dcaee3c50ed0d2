// The relay's part of a message's trace: the span `send TOPIC`.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "outbox/sink.hpp"
#include "outbox/source.hpp"
#include "support/tracing/span.hpp"

namespace outbox {

// Makes a span of each attempt to deliver a message whose row has a sampled traceparent, which is
// the span's parent. For other messages it costs a look at their headers. One thread.
class RelaySpans {
 public:
  // `spans` must outlive it. `system`: where messages go, as SinkTraits::name.
  RelaySpans(tracing::SpanSink& spans, std::string system)
      : spans_(spans), system_(std::move(system)) {}

  void acknowledged(const Record& record, const Delivery& delivery);
  // The message was refused. `topic` is empty when that was before it had one.
  void rejected(const Record& record, std::string_view topic, const Error& error);

 private:
  [[nodiscard]] tracing::Span begin(const Record& record, const tracing::TraceContext& parent,
                                    std::string_view topic) const;

  tracing::SpanSink& spans_;
  std::string system_;
};

}  // namespace outbox
