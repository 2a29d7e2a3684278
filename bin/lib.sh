# Shared by bin/demo and bin/test: a Python environment in .venv/ with the pinned packages.
# POSIX sh; only python3 (3.11 or newer) is presumed. Everything said here goes to stderr.

ROOT=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$ROOT" || exit 1
VENV=$ROOT/.venv
PYTHON=$VENV/bin/python
PYTHONPATH=$ROOT:$ROOT/platform
PIP_DISABLE_PIP_VERSION_CHECK=1
PIP_NO_INPUT=1
PIP_ROOT_USER_ACTION=ignore
export PYTHONPATH PIP_DISABLE_PIP_VERSION_CHECK PIP_NO_INPUT PIP_ROOT_USER_ACTION

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for candidate in ${RAPPORT_PYTHON:-} python3 python3.11 python3.12 python3.13; do
        if is_recent "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

make_venv() {
    base=$(find_python) || fail "Rapport needs Python 3.11 or newer. Install it, or name it: RAPPORT_PYTHON=/path/to/python3 $0"
    say "Creating .venv with $("$base" --version 2>&1) …"
    "$base" -m venv "$VENV" >/dev/null 2>&1 && return
    # Debian ships Python without ensurepip; another pip can fill an environment that has none.
    rm -rf "$VENV"
    if "$base" -m pip --version >/dev/null 2>&1 && "$base" -m venv --without-pip "$VENV" >/dev/null 2>&1; then
        "$base" -m pip --quiet --python "$PYTHON" install pip >&2 && return
        rm -rf "$VENV"
    fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Installing Debian's python3-venv …"
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null 2>&1 </dev/null
        "$base" -m venv "$VENV" >/dev/null 2>&1 && return
        rm -rf "$VENV"
    fi
    fail "$base cannot create an environment. Install its venv module (on Debian: apt-get install python3-venv)."
}

DIGEST='import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest()[:16])'

# implicit is linked against GNU's OpenMP, which its wheel does not carry.
have_openmp() {
    "$PYTHON" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' >/dev/null 2>&1 && return
    [ "$(uname -s)" = Linux ] || return 0
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    say "Installing Debian's libgomp1 …"
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends libgomp1; } >/dev/null 2>&1 </dev/null
    "$PYTHON" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' >/dev/null 2>&1
}

# Say every five seconds how far pip is, for as long as this script runs.
tell_packages() {
    while sleep 5 && kill -0 $$ 2>/dev/null; do
        if grep -q '^Installing collected' "$1" 2>/dev/null; then
            say "  unpacking …"
        else
            say "  $(grep -c '^Collecting' "$1" 2>/dev/null) packages found …"
        fi
    done
}

# install FILE...: install pinned requirements unless exactly these are there already.
install() {
    if [ -e "$VENV" ] && ! is_recent "$PYTHON"; then
        say "The Python of .venv is gone or too old; creating it anew."
        rm -rf "$VENV"
    fi
    [ -x "$PYTHON" ] || make_venv
    known=
    for file in "$@"; do
        known="$known $file"
        # shellcheck disable=SC2086  # the list is meant to be split
        digest=$(cat $known | "$PYTHON" -c "$DIGEST")
        stamp=$VENV/.installed-$file
        [ -e "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ] && continue
        started=$(date +%s)
        say "Installing the packages of $file (about a minute) …"
        tell_packages "$VENV/install.log" &
        ticker=$!
        # Python compiles what it imports; compiling everything now would take longer than the download.
        if ! "$PYTHON" -m pip install --progress-bar off --no-compile --requirement "$file" >"$VENV/install.log" 2>&1 </dev/null
        then
            kill "$ticker" 2>/dev/null || :
            tail -n 20 "$VENV/install.log" >&2
            fail "The packages could not be installed; the reason is above, all of it in .venv/install.log."
        fi
        kill "$ticker" 2>/dev/null || :
        printf '%s\n' "$digest" >"$stamp"
        say "Installed in $(($(date +%s) - started)) s."
    done
    have_openmp || fail "The library libgomp.so.1 is missing. Install it (on Debian: apt-get install libgomp1)."
}
