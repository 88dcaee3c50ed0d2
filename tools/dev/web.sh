# shellcheck shell=bash
# The dashboard of web/dashboard: ./dev web, which every build does first, its checks and its tests.

WEB_DIR=$DEV_ROOT/web/dashboard
WEB_OUTPUT=$DEV_ROOT/build/web
WEB_NODE='20.19'

# web_check_node: Vite needs a newer Node.js than Debian 12 has.
web_check_node() {
  local remedy="Install Node.js $WEB_NODE or newer, with npm: https://nodejs.org/en/download"
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    die "the dashboard needs Node.js, and there is none on PATH" "$remedy"
  fi
  local version
  version=$(node --version)
  version=${version#v}
  [[ $(printf '%s\n' "$WEB_NODE" "$version" | sort -V | head -n 1) == "$WEB_NODE" ]] ||
    die "the dashboard needs Node.js $WEB_NODE or newer, and $(command -v node) is $version" "$remedy"
}

# web_install FOLDER WHAT: its packages, kept in the cache by its lock file, so that checkouts share them.
web_install() {
  local folder=$1 what=$2 key cache partial
  key=$(cat "$folder/package-lock.json" "$folder/package.json" <(node --version) | sha256sum | cut -c 1-16)
  cache=$DEV_CACHE/npm/$key
  if [[ ! -d $cache/node_modules ]]; then
    step "Fetching npm's packages for $what" "under a minute"
    partial=$cache.$$
    rm -rf "$partial"
    mkdir -p "$partial"
    cp "$folder"/{package.json,package-lock.json,.npmrc} "$partial"
    run_logged "$DEV_STATE/logs/npm.log" "Is npm's registry reachable? Try: cd ${folder#"$DEV_ROOT/"} && npm ci" \
      env PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm --prefix "$partial" ci || exit 1
    # Where another checkout was faster, its packages are as good.
    mv -T "$partial" "$cache" 2>/dev/null || rm -rf "$partial"
  fi
  if [[ $(readlink "$folder/node_modules") != "$cache/node_modules" ]]; then
    rm -rf "$folder/node_modules"
    ln -s "$cache/node_modules" "$folder/node_modules"
  fi
}

# What the built files depend on, as one hash.
web_state() {
  (
    cd "$WEB_DIR" || exit 1
    find src dev tools index.html vite.config.ts package.json package-lock.json -type f -print0 |
      sort -z | xargs -0 sha256sum | sha256sum
  )
}

# web_main: builds it unless it is built.
web_main() {
  local state
  state=$(web_state)
  [[ ! -f $WEB_OUTPUT/index.html || $(cat "$WEB_OUTPUT.state" 2>/dev/null) != "$state" ]] || return 0
  web_check_node
  web_install "$WEB_DIR" "the dashboard"
  step "Building the dashboard into build/web" "a few seconds"
  run_logged "$DEV_STATE/logs/web-build.log" "The first error is above; ./dev lint checks its types." \
    npm --prefix "$WEB_DIR" run build || exit 1
  tail -n 1 "$DEV_STATE/logs/web-build.log" >&2
  printf '%s\n' "$state" >"$WEB_OUTPUT.state"
}

# web_npm SCRIPT: one of package.json's, with what it prints.
web_npm() {
  web_check_node
  web_install "$WEB_DIR" "the dashboard"
  npm --prefix "$WEB_DIR" run --silent "$1"
}

BROWSER_DIR=$DEV_ROOT/tests/browser

# What ./dev test browser needs: Playwright from npm, its browser from Debian.
browser_deps() {
  web_check_node
  deps_for_browser
  web_install "$BROWSER_DIR" "the tests in a browser"
}

browser_check() {
  web_check_node
  web_install "$BROWSER_DIR" "the tests in a browser"
  npm --prefix "$BROWSER_DIR" run --silent check
}
