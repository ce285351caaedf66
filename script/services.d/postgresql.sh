# PostgreSQL. Read by script/services, whose functions it uses.

postgresql_port=${CONGRESS_POSTGRESQL_PORT:-25442}

postgresql_bin() { find /usr/lib/postgresql -name bin -type d 2>/dev/null | sort -V | tail -n 1; }

postgresql_control() {
    run_as "$(am_root && echo postgres || id -un)" \
        "$(postgresql_bin)/pg_ctl" -s -w -D "$base/postgresql/data" "$@"
}

up_postgresql() {
    [ -n "$(postgresql_bin)" ] && [ -d "$base/postgresql/data" ] && postgresql_control status >/dev/null 2>&1
}

start_postgresql() {
    [ -n "$(postgresql_bin)" ] || install postgresql
    local folder=$base/postgresql user
    user=$(am_root && echo postgres || id -un)
    make_folder "$folder" "$user"
    if [ ! -f "$folder/data/PG_VERSION" ]; then
        echo congress > "$folder/password"
        am_root && chown "$user:" "$folder/password"
        run_as "$user" "$(postgresql_bin)/initdb" -D "$folder/data" -U congress -E UTF8 --locale=C.UTF-8 \
            -A scram-sha-256 --pwfile="$folder/password" >/dev/null
    fi
    postgresql_control -t "$patience" -l "$folder/log" -o "-c listen_addresses=127.0.0.1 -p $postgresql_port \
        -c unix_socket_directories='' -c fsync=off -c deadlock_timeout=100ms -c max_connections=200" start </dev/null
    PGPASSWORD=congress "$(postgresql_bin)/psql" -q -h 127.0.0.1 -p "$postgresql_port" -U congress -d postgres \
        -c 'CREATE DATABASE congress' 2>/dev/null || true
}

stop_postgresql() { postgresql_control -m fast stop; }

env_postgresql() {
    echo "export CONGRESS_TEST_POSTGRESQL_URL='postgresql+psycopg://congress:congress@127.0.0.1:$postgresql_port/congress'"
}
