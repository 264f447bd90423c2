# Prepares a shop for a test that has sourced tests/lib/tty.sh: ports, a
# directory, nginx's configuration.  After it, sbxrc is in this directory.

command -v redis-server >/dev/null || skip_all "redis-server is not installed"
command -v python3 >/dev/null || skip_all "python3 is not installed"
PATH=$PATH:/usr/sbin
command -v nginx >/dev/null || skip_all "nginx is not installed"
SHOP_PGBIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "$SHOP_PGBIN/postgres" ] || skip_all "PostgreSQL is not installed"

SHOP_SET=$TOP/tests/sets/shop
SHOP_DIR=$T/shop
mkdir -p "$SHOP_DIR/nginx" "$SHOP_DIR/db"
chmod 700 "$SHOP_DIR/db"
SHOP_DB_USER=$(id -un)
if [ "$(id -u)" = 0 ]; then
	# PostgreSQL refuses to run as root: its own user, who has to get in.
	SHOP_DB_USER=postgres
	id postgres >/dev/null 2>&1 || skip_all "there is no user postgres"
	chmod 711 "$T"
	chmod 755 "$SHOP_DIR"
	chown postgres "$SHOP_DIR/db"
fi
free_port; SHOP_DB_PORT=$port
free_port; SHOP_CACHE_PORT=$port
free_port; SHOP_APP_PORT=$port
free_port; SHOP_PORT=$port
export SHOP_SET SHOP_DIR SHOP_PGBIN SHOP_DB_USER SHOP_DB_PORT SHOP_CACHE_PORT \
	SHOP_APP_PORT SHOP_PORT
sed -e "s|@DIR@|$SHOP_DIR|g" -e "s|@PORT@|$SHOP_PORT|g" \
	-e "s|@APP_PORT@|$SHOP_APP_PORT|g" \
	"$SHOP_SET/nginx.conf.in" >"$SHOP_DIR/nginx/nginx.conf"
cp "$SHOP_SET/sbxrc" sbxrc

# get PATH: through nginx; empty on an error
get() {
	curl -fsS -m 20 "http://127.0.0.1:$SHOP_PORT$1" 2>/dev/null
}
serves() {
	[ "$(get "$1")" = "$2" ]
}
