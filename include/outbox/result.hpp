// Result<T>: a value or the Error that took its place. Expected failures travel as values; nothing
// in the public API throws them.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace outbox {

// What a caller can do about a failure, not where it came from.
enum class ErrorCode {
  invalid_argument,         // the call or the setting is wrong: correct it, a retry cannot help
  message_rejected,         // this one message is at fault; others go on
  topic_unavailable,        // the message's topic takes nothing, unknown or forbidden; others go on
  destination_unavailable,  // the broker is away or refuses everything: back off, send again
  source_unavailable,       // the database is away: back off, connect again, read again
  not_owner,                // another relay has taken over: stop, mark nothing
  wrong_history,            // the database is not the one that the position belongs to
  conflict,                 // the state of the thing does not allow it (exists, still running, …)
  not_found,
  timeout,
  internal,  // a broken promise of our own or of a library: please report it
};

struct Error {
  ErrorCode code{ErrorCode::internal};
  // One sentence for a person: what happened, to which thing, what to do. Never holds a secret.
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  // Implicit on purpose: `return value;` and `return Error{…};` both read well.
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  // Precondition: ok().
  [[nodiscard]] T& value() & { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Precondition: !ok().
  [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }
  [[nodiscard]] Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit on purpose, as above

  [[nodiscard]] bool ok() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return ok(); }

  // Precondition: !ok().
  [[nodiscard]] const Error& error() const& { return *error_; }
  [[nodiscard]] Error&& error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace outbox
