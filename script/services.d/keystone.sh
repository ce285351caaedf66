# Keystone. Read by script/services, whose functions it uses.

keystone_port=${CONGRESS_KEYSTONE_PORT:-25800}

keystone_packages="keystone==30.0.0 waitress>=3.0"

up_keystone() { (: < "/dev/tcp/127.0.0.1/$keystone_port") 2>/dev/null; }

# Its libraries are not those of Congress, hence an environment of its own.
install_keystone() {
    local folder=$1 python
    [ "$(cat "$folder/packages" 2>/dev/null || true)" != "$keystone_packages" ] || return 0
    say "Installing $keystone_packages ..."
    python=$here/.venv/bin/python
    [ -x "$python" ] || python=python3
    "$python" -m venv "$folder/venv"
    # Several words are meant.
    # shellcheck disable=SC2086
    "$folder/venv/bin/python" -m pip install -qq --disable-pip-version-check \
        $keystone_packages >&2
    echo "$keystone_packages" > "$folder/packages"
}

start_keystone() {
    local folder=$base/keystone
    make_folder "$folder" "$(id -un)"
    install_keystone "$folder"
    PYTHONWARNINGS=ignore setsid -f "$folder/venv/bin/python" "$here/script/identity.py" \
        "$folder" "$keystone_port" >"$folder/log" 2>&1 </dev/null
    await keystone up_keystone
}

stop_keystone() { kill "$(cat "$base/keystone/pid")"; }

env_keystone() {
    echo "export CONGRESS_TEST_KEYSTONE_URL='http://127.0.0.1:$keystone_port/v3'"
}
