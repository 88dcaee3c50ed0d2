#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "outboxctl/commands.hpp"
#include "outboxctl/output.hpp"
#include "outboxctl/text_table.hpp"
#include "support/access/secret.hpp"
#include "support/access/tokens.hpp"

namespace outbox::ctl {
namespace {

using access::Token;

Result<std::string> file_of(const TokenOptions& options) {
  if (!options.file.empty()) return options.file;
  const char* named = std::getenv("OUTBOX_HTTP__TOKENS_FILE");
  if (named != nullptr && *named != '\0') return std::string(named);
  return Error{
      ErrorCode::invalid_argument,
      "which file? Say --file FILE, or set OUTBOX_HTTP__TOKENS_FILE, to what the relay has "
      "as http.tokens_file"};
}

auto find(std::vector<Token>& tokens, const std::string& name) {
  return std::find_if(tokens.begin(), tokens.end(),
                      [&](const Token& token) { return token.name == name; });
}

}  // namespace

Result<void> make_token(const CommonOptions& common, const TokenOptions& options,
                        Console& console) {
  const auto file = file_of(options);
  if (!file) return file.error();
  if (!access::is_token_name(options.name)) {
    return Error{ErrorCode::invalid_argument,
                 "a name has 1 to 64 letters, digits, '.', '_', '-' and '@'"};
  }
  const std::string token = access::new_token();
  const http::Role role = options.role == "operator" ? http::Role::operator_ : http::Role::viewer;
  auto made = access::change_tokens(*file, [&](std::vector<Token>& tokens) -> Result<void> {
    if (find(tokens, options.name) != tokens.end()) {
      return Error{ErrorCode::conflict, options.name +
                                            " has a token already: choose another name, or take it "
                                            "back with outboxctl token revoke --name " +
                                            options.name};
    }
    if (tokens.size() >= access::kMaxTokens) {
      return Error{ErrorCode::conflict, *file + " has 1,000 tokens already; revoke some"};
    }
    tokens.push_back({options.name, role, access::sha256_hex(token)});
    return {};
  });
  if (!made) return made;
  if (common.format == Format::json) {
    print_line(console.out,
               {{"name", options.name}, {"role", options.role}, {"token", token}, {"file", *file}});
    return {};
  }
  console.err << "The token of " << options.name << " (" << options.role
              << "). It is not kept and not shown again:\n";
  console.out << token << '\n';
  return {};
}

Result<void> list_tokens(const CommonOptions& common, const TokenOptions& options,
                         std::ostream& out) {
  const auto file = file_of(options);
  if (!file) return file.error();
  const auto tokens = access::read_tokens(*file);
  if (!tokens) return tokens.error();
  if (common.format == Format::json) {
    Json array = Json::array();
    for (const Token& token : *tokens)
      array.push_back({{"name", token.name}, {"role", http::to_string(token.role)}});
    print_line(out, array);
    return {};
  }
  TextTable table{{"NAME", "ROLE"}};
  for (const Token& token : *tokens)
    table.add({token.name, std::string(http::to_string(token.role))});
  table.print(out);
  return {};
}

Result<void> revoke_token(const CommonOptions& common, const TokenOptions& options,
                          std::ostream& out) {
  const auto file = file_of(options);
  if (!file) return file.error();
  auto done = access::change_tokens(*file, [&](std::vector<Token>& tokens) -> Result<void> {
    const auto found = find(tokens, options.name);
    if (found == tokens.end()) {
      return Error{ErrorCode::not_found, "nobody of that name has a token in " + *file};
    }
    tokens.erase(found);
    return {};
  });
  if (!done) return done;
  if (common.format == Format::json) {
    print_line(out, {{"revoked", options.name}});
  } else {
    out << "the token of " << options.name << " is revoked; relays notice within a second\n";
  }
  return {};
}

}  // namespace outbox::ctl
