# RabbitMQ. Read by script/services, whose functions it uses.

rabbitmq_port=${CONGRESS_RABBITMQ_PORT:-25790}

rabbitmq_bin=/usr/lib/rabbitmq/bin

# The name server and the cookie are those of the instance whose cluster this one joins.
rabbitmq_first_port() {
    if [ -n "${CONGRESS_RABBITMQ_JOIN:-}" ]; then
        sed -n 's/^listeners.tcp.1 = .*://p' "$CONGRESS_RABBITMQ_JOIN/rabbitmq/rabbitmq.conf"
    else
        echo "$rabbitmq_port"
    fi
}

# Run a program of RabbitMQ with the settings of this instance and no others. A home
# of its own keeps its cookie apart, ports of its own its name server and its peers.
rabbitmq_run() {
    local folder=$base/rabbitmq here_only="-kernel inet_dist_use_interface {127,0,0,1}" user
    user=$(am_root && echo rabbitmq || id -un)
    run_as "$user" env \
        HOME="$folder" \
        RABBITMQ_NODENAME="congress-$rabbitmq_port@localhost" \
        RABBITMQ_CONF_ENV_FILE=/dev/null \
        RABBITMQ_CONFIG_FILE="$folder/rabbitmq.conf" \
        RABBITMQ_ADVANCED_CONFIG_FILE="$folder/advanced.config" \
        RABBITMQ_ENABLED_PLUGINS_FILE="$folder/enabled_plugins" \
        RABBITMQ_MNESIA_BASE="$folder/data" \
        RABBITMQ_LOG_BASE="$folder/log" \
        RABBITMQ_PID_FILE="$folder/pid" \
        RABBITMQ_DIST_PORT=$((rabbitmq_port + 1)) \
        ERL_EPMD_PORT=$(($(rabbitmq_first_port) + 2)) \
        ERL_EPMD_ADDRESS=127.0.0.1 \
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="$here_only +S 2:2 +sbwt none" \
        RABBITMQ_CTL_ERL_ARGS="$here_only" \
        "$@"
}

up_rabbitmq() {
    [ -s "$base/rabbitmq/pid" ] && (: < "/dev/tcp/127.0.0.1/$rabbitmq_port") 2>/dev/null
}

start_rabbitmq() {
    [ -x "$rabbitmq_bin/rabbitmq-server" ] || install rabbitmq-server
    local folder=$base/rabbitmq user
    user=$(am_root && echo rabbitmq || id -un)
    make_folder "$folder" "$user"
    printf '[].\n' > "$folder/enabled_plugins"
    cat > "$folder/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$rabbitmq_port
default_user = congress
default_pass = congress
loopback_users = none
disk_free_limit.absolute = 50MB
log.file.level = warning
CONF
    if [ -n "${CONGRESS_RABBITMQ_JOIN:-}" ]; then
        echo "cluster_formation.classic_config.nodes.1 = congress-$(rabbitmq_first_port)@localhost" \
            >> "$folder/rabbitmq.conf"
        cp -p "$CONGRESS_RABBITMQ_JOIN/rabbitmq/.erlang.cookie" "$folder/.erlang.cookie"
    fi
    am_root && chown "$user:" "$folder/enabled_plugins" "$folder/rabbitmq.conf"
    # Every replicated queue takes a few files.
    # It is the inner shell that asks.
    # shellcheck disable=SC2016
    rabbitmq_run sh -c 'ulimit -n "$(ulimit -H -n)" && exec setsid -f "$1"' sh \
        "$rabbitmq_bin/rabbitmq-server" >/dev/null 2>&1 </dev/null
    await rabbitmq up_rabbitmq
}

stop_rabbitmq() {
    # A control program that finds no node waits for one for ever.
    rabbitmq_run timeout 60 "$rabbitmq_bin/rabbitmqctl" -q stop "$base/rabbitmq/pid" >/dev/null 2>&1 ||
        kill -9 "$(cat "$base/rabbitmq/pid")" 2>/dev/null || true
    rabbitmq_run epmd -kill >/dev/null || true
    rm -rf "$base/rabbitmq/data" "$base/rabbitmq/pid"
}

env_rabbitmq() {
    echo "export CONGRESS_TEST_RABBITMQ_URL='rabbit://congress:congress@127.0.0.1:$rabbitmq_port/'"
}
