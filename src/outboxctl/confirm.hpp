// Asks before what cannot be undone.
#pragma once

#include <string>

#include "outbox/result.hpp"
#include "outboxctl/console.hpp"

namespace outbox::ctl {

// `what` is a sentence's beginning, "this discards 12 messages"; the person has to type `answer`.
// conflict: something else was typed. invalid_argument: nobody can be asked, and `yes` (the flag
// --yes) was not given.
[[nodiscard]] Result<void> confirm(Console& console, bool yes, const std::string& what,
                                   const std::string& answer);

}  // namespace outbox::ctl
