# shellcheck shell=bash
# ./dev fuzz: what takes bytes from outside, fed with anything.

DEPS_FUZZ=(clang-14 libclang-rt-14-dev llvm-14)

# fuzz_main [--seconds N]: each target for so long. What it finds new stays in build/fuzz/corpus, what
# breaks it in build/fuzz/crashes.
fuzz_main() {
  local seconds=60 target name
  while (($#)); do
    case $1 in
      --seconds)
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "--seconds takes a number of seconds"
        seconds=$2
        shift 2
        ;;
      *) die "unknown argument: $1" "./dev fuzz [--seconds N]" ;;
    esac
  done
  deps_install "fuzzing" "${DEPS_FUZZ[@]}"
  build_preset fuzz fuzz
  for target in build/fuzz/fuzz/fuzz_*; do
    [[ -x $target && -f $target ]] || continue
    name=${target##*/fuzz_}
    step "Fuzzing $name" "$seconds seconds"
    mkdir -p "build/fuzz/corpus/$name" build/fuzz/crashes
    "$target" -max_total_time="$seconds" -max_len=4096 -timeout=5 -rss_limit_mb=1024 -print_final_stats=1 \
      -artifact_prefix="build/fuzz/crashes/$name-" "build/fuzz/corpus/$name" "fuzz/corpus/$name" ||
      die "$name does not stand what it was given" \
        "The bytes are in build/fuzz/crashes; to see it again: $target build/fuzz/crashes/$name-..."
  done
}
