# shellcheck shell=bash
# ./dev lint and ./dev fmt.

MAX_LINES=500
MANY_LINES=400

# C++ files that are in git or will be.
cpp_files() { git ls-files -z --cached --others --exclude-standard -- '*.cpp' '*.hpp' | sort -z; }

shell_files() {
  git ls-files --cached --others --exclude-standard -- '*.sh' dev .ci/run
}

fmt_main() {
  deps_for_lint
  cpp_files | xargs -0 --no-run-if-empty clang-format -i
}

# lint_check WHAT COMMAND...: all checks run; those that fail are listed at the end.
lint_check() {
  local what=$1
  shift
  say "==> $what"
  "$@" || LINT_FAILED+=("$what")
}

lint_main() {
  deps_for_lint
  LINT_FAILED=()
  lint_check "shellcheck: the scripts" lint_shell
  lint_check "layers: each #include goes in the direction of the design" tools/check_layers
  lint_check "layers: the check itself" lint_quiet tools/check_layers_test
  lint_check "length: a C++ file is at most $MAX_LINES lines" lint_length
  lint_check "compose: docker-compose.yml, Dockerfile, .dockerignore and .env.example agree" python tools/check_compose
  lint_check "clang-format: the layout of C++ (./dev fmt corrects it)" lint_format
  lint_check "dashboard: types and rules of TypeScript (npm run fix corrects the layout)" web_npm check
  lint_check "dashboard: the tests of its logic" web_npm test
  lint_check "browser tests: types of TypeScript" browser_check
  build_preset dev
  lint_check "clang-tidy: bugs in C++ (about half an hour the first time, seconds for what is unchanged)" \
    tools/run_clang_tidy build/dev "$DEV_CACHE/clang-tidy"
  if ((${#LINT_FAILED[@]})); then
    say "lint found something in:"
    printf '    %s\n' "${LINT_FAILED[@]}" >&2
    return 1
  fi
  say "lint: all is well"
}

lint_shell() {
  local -a files
  mapfile -t files < <(shell_files)
  shellcheck --external-sources --severity=style "${files[@]}"
}

lint_quiet() {
  local output
  output=$("$@" 2>&1) || { printf '%s\n' "$output"; return 1; }
}

lint_format() {
  cpp_files | xargs -0 --no-run-if-empty clang-format --dry-run -Werror
}

lint_length() {
  local file lines status=0
  while IFS= read -r -d '' file; do
    [[ -f $file ]] || continue
    lines=$(wc -l <"$file")
    if ((lines > MAX_LINES)); then
      echo "$file: $lines lines; more than $MAX_LINES is more than one job"
      status=1
    elif ((lines > MANY_LINES)); then
      warn "$file has $lines lines; over $MANY_LINES, look whether it has two jobs"
    fi
  done < <(cpp_files)
  return $status
}
