# SPDX-License-Identifier: MIT
# texts.awk - writes FILE:LINE:TEXT for what a reader reads: the comments and strings of C and of scripts, and every line of
# pages and of README. So identifiers and code are not searched; nor are the strings of tests.
function take(text)
{
	found = found " " text
}

# A string that begins at the start of line; returns what follows it.
function string(line, quote,   end)
{
	for (end = 2; end <= length(line); end++) {
		if (substr(line, end, 1) == "\\" && quote != shell_raw)
			end++
		else if (substr(line, end, 1) == quote)
			break
	}
	if (!names)
		take(substr(line, 2, end - 2))
	return substr(line, end + 1)
}

function c_texts(line,   token, end)
{
	while (line != "") {
		if (inside) {
			end = index(line, "*/")
			if (!end) {
				take(line)
				return
			}
			take(substr(line, 1, end - 1))
			line = substr(line, end + 2)
			inside = 0
		} else if (match(line, /"|'|\/\*|\/\//)) {
			token = substr(line, RSTART, RLENGTH)
			line = substr(line, RSTART)
			if (token == "\"") {
				line = string(line, token)
			} else if (token == "'") {
				sub(/^'(\\.[^']*|[^\\])'/, "", line) || line = substr(line, 2)
			} else if (token == "//") {
				take(substr(line, 3))
				return
			} else {
				line = substr(line, 3)
				inside = 1
			}
		} else
			return
	}
}

function script_texts(line)
{
	while (match(line, /"|'|(^|[ \t;])#/)) {
		token = substr(line, RSTART + RLENGTH - 1, 1)
		line = substr(line, RSTART + RLENGTH - 1)
		if (token == "#") {
			take(substr(line, 2))
			return
		}
		line = string(line, token)
	}
}

FNR == 1 {
	inside = 0
	kind = "text"
	shell_raw = ""
	# Most strings of tests are their names, which tests/rows and the mutations refer to.
	names = FILENAME ~ /^tests\//
	if (FILENAME ~ /\.[ch]$/)
		kind = "c"
	else if (FILENAME ~ /(local\.mk|Makefile\.am|configure\.ac)$/ || /^#!/) {
		kind = "script"
		shell_raw = "'"
	}
}

{
	found = ""
	if (kind == "text")
		found = $0
	else if (kind == "script")
		script_texts($0)
	else if ($0 !~ /^[ \t]*#[ \t]*include/)
		c_texts($0)
	gsub(/\$[{]?[A-Za-z_]+/, "", found)
	if (found ~ /[A-Za-z]/)
		print FILENAME ":" FNR ":" found
}
