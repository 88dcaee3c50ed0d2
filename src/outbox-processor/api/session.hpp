#pragma once

#include "support/access/access_control.hpp"
#include "support/http/router.hpp"

namespace outbox::api {

// POST, GET and DELETE /api/v1/session: signing in by a token, who is signed in, and signing out.
// `access` is borrowed and must outlive the server.
void add_session_routes(http::Router& router, access::AccessControl& access);

}  // namespace outbox::api
