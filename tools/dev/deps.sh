# shellcheck shell=bash
# What the other commands need from Debian's packages, installed when it is missing.

DEPS_BUILD=(g++ cmake ninja-build ccache pkg-config python3 libpq-dev libsqlite3-dev libjemalloc-dev librdkafka-dev libmongoc-dev
  libboost-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libcli11-dev libtomlplusplus-dev
  prometheus-cpp-dev libgtest-dev libgmock-dev libcurl4-openssl-dev libssl-dev)
# The fonts are what README's pictures are drawn with.
DEPS_BROWSER=(chromium fonts-dejavu-core postgresql-client-15)
DEPS_LINT=(clang-format clang-tidy shellcheck python3-yaml git)

# deps_stack: what the stack needs and does not already have in another form.
deps_stack() {
  echo python3 procps util-linux libpq5
  (postgres_bin) >/dev/null 2>&1 || echo postgresql-15
  if [[ -z ${OUTBOX_TEST_KAFKA:-} ]]; then
    (kafka_java) >/dev/null 2>&1 || echo openjdk-17-jre-headless
    command -v mvn >/dev/null || echo maven
  fi
}

# deps_install WHY PACKAGE...: quick when nothing is missing.
deps_install() {
  local why=$1 package
  local -a missing=()
  shift
  if ! command -v dpkg-query >/dev/null; then
    warn "this is not Debian: for $why, see that you have what these packages of Debian 12 hold: $*"
    return 0
  fi
  mapfile -t missing < <(deps_missing "$@")
  ((${#missing[@]})) || return 0

  local -a as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null ||
      die "${#missing[@]} packages are missing for $why, and there is no sudo to install them with" \
        "As root: apt-get install ${missing[*]}"
    as_root=(sudo)
    [[ -t 0 ]] || as_root=(sudo -n)
    # The one time that a password is asked for; below it runs in the background.
    "${as_root[@]}" true || die "sudo is not allowed here" "As root: apt-get install ${missing[*]}"
  fi
  step "Installing Debian packages for $why: ${missing[*]}" "usually under 2 minutes"

  # PostgreSQL's package would create and start a cluster of its own, which nobody here uses.
  local no_cluster=/etc/postgresql-common/createcluster.d/outbox-no-main.conf
  if [[ " ${missing[*]} " == *' postgresql-15 '* ]]; then
    "${as_root[@]}" mkdir -p "${no_cluster%/*}"
    echo 'create_main_cluster = false' | "${as_root[@]}" tee "$no_cluster" >/dev/null
  fi
  local status=0 remedy="Is Debian's mirror reachable? Try: apt-get update && apt-get install ${missing[*]}"
  local -a apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
  for package in "${missing[@]}"; do
    if [[ -z $(apt-cache madison "$package" 2>/dev/null) ]]; then
      run_logged "$DEV_STATE/logs/apt-update.log" "$remedy" "${apt[@]}" update || status=1
      break
    fi
  done
  if ((status == 0)); then
    run_logged "$DEV_STATE/logs/apt-install.log" "$remedy" \
      "${apt[@]}" install -y --no-install-recommends "${missing[@]}" || status=1
  fi
  "${as_root[@]}" rm -f "$no_cluster"
  ((status == 0)) || exit 1
}

deps_missing() {
  local package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
  done
}

deps_for_build() { deps_install "the build" "${DEPS_BUILD[@]}"; }
deps_for_lint() { deps_install "the checks" "${DEPS_LINT[@]}"; }

deps_for_browser() { deps_install "the tests in a browser" "${DEPS_BROWSER[@]}"; }

deps_for_stack() {
  local -a packages
  mapfile -t packages < <(deps_stack | tr ' ' '\n')
  deps_install "the servers that it runs on" "${packages[@]}"
}
