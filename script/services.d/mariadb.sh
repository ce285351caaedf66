# MariaDB. Read by script/services, whose functions it uses.

mariadb_port=${CONGRESS_MARIADB_PORT:-23316}

mariadb_admin() {
    mariadb-admin --no-defaults --protocol=tcp -h 127.0.0.1 -P "$mariadb_port" \
        -u congress -pcongress "$@"
}

up_mariadb() { command -v mariadb-admin >/dev/null && mariadb_admin ping >/dev/null 2>&1; }

start_mariadb() {
    command -v mariadbd >/dev/null || PATH=$PATH:/usr/sbin command -v mariadbd >/dev/null ||
        install mariadb-server mariadb-client
    local folder=$base/mariadb user server=(--no-defaults)
    user=$(am_root && echo mysql || id -un)
    make_folder "$folder" "$user"
    if [ ! -d "$folder/data/mysql" ]; then
        run_as "$user" mariadb-install-db --no-defaults --datadir="$folder/data" --skip-test-db \
            --auth-root-authentication-method=socket >/dev/null
    fi
    cat > "$folder/init.sql" <<SQL
CREATE DATABASE IF NOT EXISTS congress CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS congress@'127.0.0.1' IDENTIFIED BY 'congress';
GRANT ALL ON *.* TO congress@'127.0.0.1' WITH GRANT OPTION;
SQL
    am_root && chown "$user:" "$folder/init.sql"
    server+=(--datadir="$folder/data" --socket=server.sock --pid-file="$folder/pid")
    server+=(--bind-address=127.0.0.1 --port="$mariadb_port" --skip-name-resolve)
    server+=(--init-file="$folder/init.sql" --log-error="$folder/log")
    # 2: what was committed outlives the server's process, though not the machine.
    server+=(--innodb-flush-log-at-trx-commit=2 --innodb-buffer-pool-size=64M)
    PATH=$PATH:/usr/sbin run_as "$user" setsid -f mariadbd "${server[@]}" >/dev/null 2>&1 </dev/null
    await mariadb up_mariadb
}

stop_mariadb() { mariadb_admin shutdown; }

env_mariadb() {
    echo "export CONGRESS_TEST_MYSQL_URL='mysql+pymysql://congress:congress@127.0.0.1:$mariadb_port/congress'"
}
