# Sourced by scripts that need a PostgreSQL of their own on loopback, of Debian's package; it never sees another.
#   start_database FOLDER NAME   sets database_port; FOLDER must be empty, below a folder that anybody may enter
#   stop_database FOLDER

database_programs() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1; }
as_database_user() { if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; } # PostgreSQL refuses root
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

start_database() {
  local folder=$1 name=$2 programs
  programs=$(database_programs)
  [ -x "${programs:-/usr/lib/postgresql}/initdb" ] || { echo "PostgreSQL is missing (Debian's postgresql has it)" >&2; return 2; }
  mkdir -p "$folder" && { [ "$(id -u)" -ne 0 ] || chown postgres "$folder"; }
  database_port=$(free_port)
  (cd / && as_database_user "$programs/initdb" -D "$folder" -U dmkd --auth=trust --encoding=UTF8 --locale=C.UTF-8 --no-sync >/dev/null &&
    as_database_user "$programs/pg_ctl" -D "$folder" -w -l "$folder/log" -o "-c listen_addresses=127.0.0.1 -c port=$database_port -c unix_socket_directories=''" start >/dev/null &&
    as_database_user "$programs/createdb" -h 127.0.0.1 -p "$database_port" -U dmkd "$name")
}

stop_database() { as_database_user "$(database_programs)/pg_ctl" -D "$1" -m immediate -w stop >/dev/null 2>&1; }
