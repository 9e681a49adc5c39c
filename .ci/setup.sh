# Shared by ./run and ./check: packages, configuring, building. Sourced with $root set.

say() { printf '%s\n' "$*" >&2; }

# What the build needs, as TEST:PACKAGE. TEST is a program, or a file when it begins with "/"; a "*" in it matches
# the folder of the architecture.
build_packages=(
  gcc:gcc meson:meson ninja:ninja-build pkg-config:pkg-config
  /usr/include/features.h:libc6-dev
  /usr/include/readline/readline.h:libreadline-dev
  /usr/include/lua5.4/lua.h:liblua5.4-dev
  /usr/include/*/openblas-pthread/cblas.h:libopenblas-pthread-dev
  /usr/include/fftw3.h:libfftw3-dev
  /usr/include/zlib.h:zlib1g-dev
  /usr/include/png.h:libpng-dev
  /usr/include/jpeglib.h:libjpeg-dev
  /usr/include/cmark.h:libcmark-dev
  /usr/include/cjson/cJSON.h:libcjson-dev
)

present() {
  case $1 in
    /*) compgen -G "$1" >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

# need_packages TEST:PACKAGE... installs what is missing of these and of build_packages.
need_packages() {
  local each missing=()
  for each in "${build_packages[@]}" "$@"; do
    present "${each%%:*}" || missing+=("${each#*:}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local install="apt-get install -y --no-install-recommends ${missing[*]}"
  # A machine that has just started may be installing its updates: then wait for them.
  local wait="-o DPkg::Lock::Timeout=300"
  if ! command -v apt-get >/dev/null; then
    say "gradus needs these packages, under the names they have on Debian: ${missing[*]}"
    exit 1
  fi
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
      sudo=(sudo)
    else
      say "Some packages are missing. As root, run:"
      say "  apt-get update && $install"
      exit 1
    fi
  fi
  say "Installing: ${missing[*]}"
  local log
  log=$(mktemp)
  install_them() { "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive $install $wait >"$log" 2>&1; }
  # Without lists, or with old ones, the first try fails.
  if ! install_them && ! { "${sudo[@]}" apt-get update >"$log" 2>&1 && install_them; }; then
    cat "$log" >&2
    say "The packages could not be installed. Once this works, try again:"
    say "  apt-get update && $install"
    rm -f "$log"
    exit 1
  fi
  rm -f "$log"
}

# want_packages TEST:PACKAGE... installs of these what is missing and what this distribution has; a test that finds
# none says so and is skipped.
want_packages() {
  local each some=()
  for each in "$@"; do
    present "${each%%:*}" && continue
    apt-cache policy "${each#*:}" 2>/dev/null | grep -q 'Candidate: [^(]' && some+=("$each")
  done
  [ ${#some[@]} -eq 0 ] || (need_packages "${some[@]}") || true
}

# quietly COMMAND...: its output is shown only when it fails.
quietly() {
  local log status=0
  log=$(mktemp)
  "$@" >"$log" 2>&1 || status=$?
  [ $status -eq 0 ] || cat "$log" >&2
  rm -f "$log"
  return $status
}

# configure FOLDER [OPTION...]
configure() {
  local folder=$1
  shift
  # A folder that was made for a tree in another place is of no use after the next change to its build files.
  if [ -f "$folder/build.ninja" ]; then
    [ "$(cat "$folder/made_for" 2>/dev/null || echo "$root")" = "$root" ] && return
    say "The tree was moved: ${folder##*/} is made anew."
    rm -rf "$folder"
  fi
  say "Building gradus in ${folder##*/} (this takes a moment, the first time) ..."
  quietly meson setup "$@" "$folder" "$root" || { say "Configuring failed."; exit 1; }
  echo "$root" >"$folder/made_for"
}

# compile FOLDER
compile() {
  quietly ninja -C "$1" || { say "Building failed."; exit 1; }
}
