// Who may use the page and the API, and from where.
#pragma once

#include <memory>

#include "outbox-processor/api/mask_payload.hpp"
#include "outbox/result.hpp"
#include "relay_settings/settings.hpp"
#include "support/access/access_control.hpp"
#include "support/http/server.hpp"

namespace outbox {

// As the settings say. What read_tokens says of a tokens' file that is there and cannot be used;
// one that is not there yet is waited for.
[[nodiscard]] Result<std::shared_ptr<access::AccessControl>> make_access_control(
    const Settings& settings);

// Where the admin server listens, how, and what it asks of who calls. `access` as made above.
[[nodiscard]] http::ServerOptions admin_server_options(
    const Settings& settings, std::shared_ptr<access::AccessControl> access);

// http.masked_paths. invalid_argument: one of them is no path.
[[nodiscard]] Result<api::JsonPaths> masked_paths_of(const Settings& settings);

// Of the routes that were added before, those of the API: looking is a viewer's, the rest an
// operator's, signing in everybody's. One rule, so that no route can be forgotten.
void restrict_api(http::Router& router);

}  // namespace outbox
