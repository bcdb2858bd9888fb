# Lint of C text and of who includes whom. Usage:
#   awk -f tools/lint.awk tools/include-arrows.txt FILE.c FILE.h ...
# Prints file:line: what is wrong and what to do instead; exits 1 if it printed anything.

BEGIN {
    advice["strcpy"] = advice["strcat"] = "use assay_buf, or memcpy with a checked length"
    advice["strncpy"] = advice["strncat"] = advice["strcpy"]
    advice["sprintf"] = advice["vsprintf"] = "use assay_buf_printf, or snprintf with its result compared"
    advice["gets"] = "read with a length"
    advice["atoi"] = advice["atol"] = advice["atoll"] = advice["atof"] = "use the strict parser of base/decimal.h"
    advice["strtok"] = "split with a cursor (base/cursor.h)"
    advice["alloca"] = "use a fixed array or assay_buf"
    advice["sleep"] = advice["usleep"] = advice["nanosleep"] = "wait for an event with a deadline (poll, a condition, a pidfd)"
    advice["clock_nanosleep"] = advice["thrd_sleep"] = advice["sleep"]
}

function complain(line, text)
{
    printf "%s:%d: %s\n", FILENAME, line, text
    bad = 1
}

function folder_of(path)
{
    return match(path, /\/[^\/]*$/) ? substr(path, 1, RSTART - 1) : "."
}

# Does `folder` fall under `pattern` of the table?
function under(folder, pattern)
{
    if (pattern ~ /\/$/)
        return index(folder "/", pattern) == 1
    return folder == pattern || index(folder, pattern "/") == 1
}

# The folder that a file of this folder is private to, or "".
function private_to(folder)
{
    if (match(folder, /(^|\/)(tests|cli)(\/|$)/))
        return folder
    return under(folder, "fuzz") ? "fuzz" : ""
}

function exists(path,    line, got)
{
    if (!(path in known)) {
        got = (getline line < path)
        close(path)
        known[path] = got >= 0
    }
    return known[path]
}

# The path that a quoted include means from `folder`, or "".
function resolve(folder, name,    path)
{
    path = folder "/" name
    while (match(path, /[^\/]+\/\.\.\//))
        path = substr(path, 1, RSTART - 1) substr(path, RSTART + RLENGTH)
    if (exists(path)) return path
    if (exists("ref/" name)) return "ref/" name
    if (exists("harness/" name)) return "harness/" name
    return exists(name) ? name : ""
}

function check_include(line, name,    folder, path, to, i, n, may, ok)
{
    folder = folder_of(FILENAME)
    path = resolve(folder, name)
    if (path == "") {
        complain(line, "\"" name "\" is not found from here, ref/, harness/ or the root: write its path from one of these")
        return
    }
    edges[FILENAME] = edges[FILENAME] " " path
    edge_line[FILENAME, path] = line
    to = folder_of(path)
    if (to == folder)
        return
    if (row == 0) {
        complain(line, "the folder " folder " has no row in tools/include-arrows.txt: add one")
        return
    }
    n = split(allowed[row], may, " ")
    for (i = 1; i <= n; i++)
        ok = ok || under(to, may[i]) || path == may[i]
    if (ok && private_to(to) != "" && !under(folder, private_to(to)))
        ok = 0
    if (!ok)
        complain(line, folder " may not include " path " (allowed: " (n ? allowed[row] : "nothing else") "; tools/include-arrows.txt): move what is shared below both")
}

# Blanks strings and characters; hands on the code alone. `in_comment` lives across lines.
function code_of(text, line,    out, i, c, two, quote)
{
    out = ""
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        two = substr(text, i, 2)
        if (in_comment) {
            if (two == "*/") {
                in_comment = 0
                i++
            }
        } else if (quote != "") {
            if (c == "\\")
                i++
            else if (c == quote) {
                quote = ""
                out = out c
            }
        } else if (two == "/*") {
            in_comment = 1
            i++
            out = out " "
        } else if (two == "//") {
            complain(line, "a // comment: write /* */")
            return out
        } else {
            if (c == "\"" || c == "'")
                quote = c
            out = out c
        }
    }
    return out
}

function check_calls(code, line,    rest, name, before)
{
    rest = code
    while (match(rest, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
        name = substr(rest, RSTART, RLENGTH)
        sub(/[ \t]*\($/, "", name)
        before = RSTART > 1 ? substr(rest, RSTART - 1, 1) : ""
        if (name in advice && before !~ /[.>0-9]/)
            complain(line, name " is banned: " advice[name])
        rest = substr(rest, RSTART + RLENGTH)
    }
    if (code ~ /(^|[^A-Za-z0-9_])p?poll[ \t]*\([ \t]*(NULL|0)[ \t]*,/ || code ~ /(^|[^A-Za-z0-9_])p?select[ \t]*\([ \t]*0[ \t]*,[ \t]*NULL/)
        complain(line, "poll or select of nothing is a sleep: " advice["sleep"])
}

FILENAME ~ /include-arrows\.txt$/ {
    if ($0 ~ /^#/ || NF == 0)
        next
    rows++
    from[rows] = $1
    pure[rows] = ($2 == "pure")
    allowed[rows] = ""
    for (i = 3; i <= NF; i++)
        allowed[rows] = allowed[rows] (i > 3 ? " " : "") $i
    next
}

FNR == 1 {
    in_comment = 0
    row = 0
    for (r = 1; r <= rows && !row; r++)
        if (under(folder_of(FILENAME), from[r]))
            row = r
    if ($0 !~ /^\/\*/)
        complain(1, "begin the file with a comment that says what it is for")
}

{
    quoted = $0
    was_in_comment = in_comment
    code = code_of($0, FNR)
    if (!was_in_comment && quoted ~ /^[ \t]*#[ \t]*include/) {
        if (match(quoted, /"[^"]+"/))
            check_include(FNR, substr(quoted, RSTART + 1, RLENGTH - 2))
        else if (row && pure[row] && quoted ~ /<(sys\/socket|sys\/un|sys\/epoll|sys\/select|netinet\/|arpa\/|netdb|poll|pthread|threads|semaphore|sqlite3|microhttpd|curl\/|openssl\/(ssl|bio))/)
            complain(FNR, from[row] " is pure: sockets, threads and SQLite belong to ref/net, ref/store or ref/server")
        next
    }
    check_calls(code, FNR)
}

# Depth-first over the headers: an edge back into the path is a cycle.
function walk(path,    i, n, next_ones)
{
    state[path] = 1
    n = split(edges[path], next_ones, " ")
    for (i = 1; i <= n; i++) {
        if (state[next_ones[i]] == 1) {
            printf "%s:%d: %s includes this file in turn: break the cycle\n", path, edge_line[path, next_ones[i]], next_ones[i]
            bad = 1
        } else if (state[next_ones[i]] != 2)
            walk(next_ones[i])
    }
    state[path] = 2
}

END {
    for (path in edges)
        if (state[path] == 0)
            walk(path)
    exit bad
}
