#!/bin/sh
# init: an sbxrc from files of other programs, and import lines that run.
. tests/lib/tty.sh
unset PORT

exits 2 "check without an sbxrc" sbx check
like "$err" 'name the file: sbx check FILE' "and nothing to make one of"

exits 0 "a file to begin with" sbx init
is "$out" "sbxrc: one process to begin with; edit it" "it is told"
exits 0 "and has no mistake" sbx check
before=$(cat sbxrc)
exits 1 "a file is never written over" sbx init
like "$err" "there is a 'sbxrc' already" "the reason"
like "$err" "--force writes over it" "and the way out"
is "$(cat sbxrc)" "$before" "it is untouched"
rm sbxrc
ln -s /dev/null sbxrc
exits 1 "not through a link either" sbx init
rm sbxrc

# What is here is found; the best of several is taken, the others are told.
cat >Procfile <<'END'
web: echo "port $PORT, $KEY" && exec sleep 1000
worker: exec sleep 1001 # "a comment"
nonsense
END
echo '{"scripts":{"dev":"true"}}' >package.json
echo KEY=value >.env
exits 2 "check knows a way" sbx check
like "$err" "'sbx init --from procfile' makes one of the Procfile here" "said"
exits 0 "init finds the Procfile" sbx init
is "$out" "sbxrc: 2 processes of Procfile; 'sbx' shows them" "and says it"
like "$err" "^Procfile:3: line: not translated: it is no 'NAME: COMMAND'" \
	"what is not translated has its place"
like "$err" "there is a package.json too: sbx init --from npm" "the other file"
exits 0 "up" sbx up --wait 20s
exits 0 "the commands run as they stand" sbx wait web \
	--string "port 5000, value" --timeout 20s
exits 0 "down" sbx down

echo 'export PORT=4100' >>.env
exits 0 "init with a PORT in .env" sbx init --force
is "$(sed -n 's/.*PORT=//p' sbxrc | tr '\n' ' ')" "4100 4200 " "counts from there"
echo KEY=value >.env
exits 0 "over a file with --force" sbx init --from npm --force
is "$out" "sbxrc: 1 process of package.json; 'sbx' shows them" "the other one"

# Another file, from another directory.
mkdir -p "a b"
cat >"a b/compose.yaml" <<'END'
services:
  db: { image: postgres }
  web:
    build: .
    command: ["sh", "-c", "pwd; exec sleep 1000"]
    environment: { WORDS: "one 'two' $$3" }
    depends_on: [db]
    ports: ["80:80"]
END
exits 0 "by the name of the file" sbx -f other init "a b/compose.yaml"
like "$err" "^a b/compose.yaml:2: db: not translated: " "an image alone"
like "$err" "^a b/compose.yaml:8: services.web.ports: not translated: " "ports"
like "$err" "^a b/compose.yaml:7: web.depends_on: not translated: " "depends"
is "$(ls)" "Procfile
a b
other
package.json
sbxrc" "the file is the one of -f, and no other is left"
exits 0 "it has no mistake" sbx check other
exits 0 "it runs" sbx -f other up
exits 0 "in its directory" sbx -f other wait web --string "/w/a b" --timeout 20s
exits 0 "down" sbx -f other down

# Wrong input writes nothing.
rm -f other
exits 2 "an unknown format" sbx -f other init --from procfil
like "$err" "did you mean 'procfile'" "a suggestion"
exits 2 "a file of no known name" sbx -f other init sbxrc
like "$err" "say it with --from" "how to say it"
exits 2 "no such file here" sbx -f other init --from mprocs
like "$err" "there is no mprocs.yaml here" "its usual name"
exits 2 "no such file" sbx -f other init --from mprocs gone.yaml
printf 'procs:\n  a: [b\n' >bad.yaml
exits 2 "wrong YAML" sbx -f other init --from mprocs bad.yaml
like "$err" "bad.yaml:3: did not find expected" "its place"
printf 'a: &a [x,x]\n' >bomb.yaml
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	p=$([ "$i" = 1 ] && echo a || echo "a$((i - 1))")
	printf 'a%s: &a%s [*%s,*%s]\n' "$i" "$i" "$p" "$p" >>bomb.yaml
done
exits 2 "a file that unfolds without end" sbx -f other init --from compose bomb.yaml
like "$err" "its aliases unfold to more than" "is refused"
head -c 1100000 /dev/zero | tr '\0' '#' >big.yaml
exits 2 "a large file" sbx -f other init --from compose big.yaml
is "$(ls other* 2>&1 | head -c 20)" "ls: cannot access 'o" "nothing was written"
exits 1 "a directory that is not there" sbx -f gone/sbxrc init

# import: the same processes without a translation.
rm -f sbxrc
printf 'import procfile Procfile web\nimport npm package.json\n' >sbxrc
exits 0 "import" sbx check
like "$out" "sbxrc: no mistakes, 2 processes" "its processes are counted"
exits 0 "up" sbx up web
exits 0 "and run" sbx wait web --string "port 5000, value" --timeout 20s
like "$(sbx show web --json)" '"file":"Procfile","line":1' "they know their line"
exits 0 "down" sbx down

# And without any sbxrc.
rm -f sbxrc
exits 0 "a Procfile by itself" sbx -f Procfile check
like "$out" "Procfile: no mistakes, [1-9]" "is a set"
exits 0 "up" sbx -f Procfile up web
exits 0 "and runs" sbx -f Procfile wait web --string "port 5000, value" --timeout 20s
exits 0 "ls" sbx -f Procfile ls web --json
like "$out" '"config":{"file":"Procfile","line":1}' "by its own lines"
sed -i 's/^web: /&: again; /' Procfile
exits 0 "reload" sbx -f Procfile reload
like "$err" "restart 1" "reads it again"
exits 0 "down" sbx -f Procfile down
mkfifo input
"$SBX_BIN" --procfile --plain web <>input >plain.out 2>&1 &
plain=$!
wait_until "--procfile opens it" grep -q "web .*port 5000, value" plain.out
exits 0 "the same set" sbx -f Procfile down
wait "$plain"
exits 0 "a package.json" sbx -f package.json check
like "$out" "package.json: no mistakes" "is a set too"
exits 2 "--npm and --procfile" sbx --npm --procfile
exits 2 "neither is there" sh -c 'cd / && "$0" --npm' "$SBX_BIN"
printf 'procs: {}\n' >mprocs.yaml
exits 2 "a file that is translated" sbx -f mprocs.yaml up
like "$err" "'sbx init --from mprocs' makes an sbxrc of it" "how that goes"
echo 'no line of one' >Procfile
exits 2 "no Procfile" sbx -f Procfile up
like "$err" "there is no process in it" "starts nothing"

# A set that runs is not lost when an sbxrc is written for it.
mkdir bare && cd bare || exit 99
exits 0 "a set without an sbxrc" sbx add one -- sleep 1000
one=$(pid_of one)
echo 'process two sleep 1000' >sbxrc
is "$(pid_of one)" "$one" "is found by the one that is written"
is "$(sbx -f sbxrc show one --json | grep -c '"name":"one"')" 1 "by its name, too"
exits 0 "up" sbx up
like "$err" "'sbx reload' would start 1" "says what is new in it"
exits 0 "reload" sbx reload
wait_until "takes it" has_status two running
is "$(pid_of one)" "$one" "and restarts nobody"
exits 0 "down" sbx down
exits 0 "the next start" sbx up
is "$(sbx ls --json | grep -o '"name":"[a-z]*"' | tr '\n' ' ')" '"name":"two" ' "is that of the file"
exits 0 "down" sbx down
done_testing
