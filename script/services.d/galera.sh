# A Galera cluster of two MariaDB that both take writes, and an arbitrator, so that
# one of the three may be lost. Read by script/services, whose functions it uses.
#
# Writer N has the folder galera/N and the port galera_port + N - 1. What follows these
# ports is for talk among the three: + 2 to + 4 the group, + 5 and + 6 the missed
# writes, + 7 and + 8 the copy of all data that a newcomer gets.

galera_port=${CONGRESS_GALERA_PORT:-25810}
galera_writers="1 2"
galera_library=/usr/lib/galera/libgalera_smm.so

galera_user() { am_root && echo mysql || id -un; }

galera_members() {
    echo "gcomm://127.0.0.1:$((galera_port + 2)),127.0.0.1:$((galera_port + 3)),127.0.0.1:$((galera_port + 4))"
}

galera_admin() {
    mariadb --no-defaults --protocol=tcp -h 127.0.0.1 -P $((galera_port + $1 - 1)) \
        -u congress -pcongress -Ne "$2"
}

# Whether a writer belongs to the part of the cluster that may write, and has caught up.
up_galera_writer() { galera_admin "$1" "SHOW STATUS LIKE 'wsrep_ready'" 2>/dev/null | grep -q ON; }

# Whether a member's process lives.
galera_lives() { [ -s "$base/galera/$1/pid" ] && ! gone "$(cat "$base/galera/$1/pid")"; }

up_galera() {
    local writer
    command -v mariadb >/dev/null && galera_lives arbitrator || return 1
    for writer in $galera_writers; do
        up_galera_writer "$writer" || return 1
    done
}

any_up_galera() {
    local member
    for member in $galera_writers arbitrator; do
        ! galera_lives "$member" || return 0
    done
    return 1
}

any_up_galera_writer() {
    local writer
    for writer in $galera_writers; do
        ! up_galera_writer "$writer" || return 0
    done
    return 1
}

start_galera() {
    [ -e "$galera_library" ] && command -v garbd >/dev/null && command -v rsync >/dev/null ||
        install mariadb-server mariadb-client galera-4 galera-arbitrator-4 rsync lsof
    local writer
    # A cluster that ended can only go on from the member that ended last: begin anew.
    if ! any_up_galera_writer; then
        stop_galera
        make_folder "$base/galera" "$(galera_user)"
        start_galera_writer 1 --wsrep-new-cluster
        galera_admin 1 "CREATE DATABASE congress CHARACTER SET utf8mb4"
    fi
    galera_lives arbitrator || start_galera_arbitrator
    for writer in $galera_writers; do
        up_galera_writer "$writer" || start_galera_writer "$writer"
    done
}

# Run a member as the user of the servers, and keep its process id.
galera_run() {
    local folder=$1
    shift
    # It is the inner shell that asks.
    # shellcheck disable=SC2016
    PATH=$PATH:/usr/sbin run_as "$(galera_user)" setsid -f \
        sh -c 'echo $$ > "$1/pid"; shift; exec "$@"' sh "$folder" "$@" >/dev/null 2>&1 </dev/null
}

start_galera_writer() {
    local number=$1 folder=$base/galera/$1 user provider server=(--no-defaults)
    shift
    user=$(galera_user)
    make_folder "$folder" "$user"
    if [ ! -d "$folder/data/mysql" ]; then
        run_as "$user" mariadb-install-db --no-defaults --datadir="$folder/data" --skip-test-db \
            --innodb-log-file-size=8M --auth-root-authentication-method=socket >/dev/null
    fi
    # Who may enter is no business of the cluster's: an account is each writer's own.
    cat > "$folder/init.sql" <<SQL
SET SESSION wsrep_on = OFF;
CREATE USER IF NOT EXISTS congress@'127.0.0.1' IDENTIFIED BY 'congress';
GRANT ALL ON *.* TO congress@'127.0.0.1' WITH GRANT OPTION;
SQL
    am_root && chown "$user:" "$folder/init.sql"
    provider="gmcast.listen_addr=tcp://127.0.0.1:$((galera_port + number + 1))"
    provider+=";ist.recv_addr=127.0.0.1:$((galera_port + number + 4));gcache.size=32M"
    server+=(--datadir="$folder/data" --socket="$folder/socket" --pid-file="$folder/pid")
    server+=(--bind-address=127.0.0.1 --port=$((galera_port + number - 1)) --skip-name-resolve)
    server+=(--init-file="$folder/init.sql" --log-error="$folder/log" --binlog-format=ROW)
    server+=(--innodb-flush-log-at-trx-commit=2 --innodb-buffer-pool-size=64M)
    server+=(--innodb-log-file-size=8M --innodb-autoinc-lock-mode=2 --wsrep-on=ON)
    server+=(--wsrep-provider="$galera_library" --wsrep-provider-options="$provider")
    server+=(--wsrep-cluster-name=congress --wsrep-cluster-address="$(galera_members)")
    server+=(--wsrep-node-name="writer-$number")
    server+=(--wsrep-node-address=127.0.0.1:$((galera_port + number + 1)))
    server+=(--wsrep-sst-method=rsync)
    server+=(--wsrep-sst-receive-address=127.0.0.1:$((galera_port + number + 6)))
    galera_run "$folder" mariadbd "${server[@]}" "$@"
    await "galera writer $number" up_galera_writer "$number"
}

start_galera_arbitrator() {
    local folder=$base/galera/arbitrator
    make_folder "$folder" "$(galera_user)"
    galera_run "$folder" garbd --name arbitrator --workdir "$folder" --log "$folder/log" \
        --group congress --address "$(galera_members)" \
        --options "gmcast.listen_addr=tcp://127.0.0.1:$((galera_port + 4))"
    await "galera arbitrator" galera_lives arbitrator
}

# The data go, too: see start_galera. So there is nothing to be saved, and an arbitrator
# that has lost the others may not heed anything else.
stop_galera() {
    local file
    for file in "$base"/galera/{1,2,arbitrator}/pid; do
        [ ! -s "$file" ] || kill -KILL "$(cat "$file")" 2>/dev/null || true
    done
    for file in "$base"/galera/{1,2,arbitrator}/pid; do
        [ ! -s "$file" ] || await "the end of galera" gone "$(cat "$file")"
    done
    rm -rf "$base/galera"
}

env_galera() {
    echo "export CONGRESS_TEST_GALERA_URLS='$(
        for writer in $galera_writers; do
            printf 'mysql+pymysql://congress:congress@127.0.0.1:%s/congress ' $((galera_port + writer - 1))
        done | sed 's/ $//'
    )'"
}
