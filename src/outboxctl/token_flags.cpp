#include "outboxctl/commands.hpp"
#include "outboxctl/flags.hpp"

namespace outbox::ctl {
namespace {

CLI::App& add(CLI::App& group, CommandLine& given, const std::string& name, const std::string& help,
              CommandLine::Command command) {
  CLI::App& added = add_plain_command(group, given, name, help, std::move(command));
  added
      .add_option("--file", given.token.file,
                  "the tokens' file, http.tokens_file of the relay; else OUTBOX_HTTP__TOKENS_FILE "
                  "names it")
      ->type_name("FILE");
  return added;
}

}  // namespace

void add_token_commands(CLI::App& app, CommandLine& given) {
  CLI::App& group = add_group(app, "token", "who may use the relay's page and API");
  CLI::App& make =
      add(group, given, "new", "make a token, which is shown once and never again",
          [&given](Console& console) { return make_token(given.common, given.token, console); });
  make.add_option("--name", given.token.name, "whose it is")->required();
  make.add_option("--role", given.token.role, "a viewer reads, an operator changes things too")
      ->check(CLI::IsMember({"viewer", "operator"}))
      ->capture_default_str();
  add(group, given, "list", "whose tokens there are",
      [&given](Console& console) { return list_tokens(given.common, given.token, console.out); });
  CLI::App& revoke = add(
      group, given, "revoke", "take a token back, and end its sessions",
      [&given](Console& console) { return revoke_token(given.common, given.token, console.out); });
  revoke.add_option("--name", given.token.name, "whose it is")->required();
}

}  // namespace outbox::ctl
