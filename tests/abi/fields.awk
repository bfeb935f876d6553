# SPDX-License-Identifier: MIT
#
# fields.awk - reads uapi/requests.def, then headers, and writes a test for each field of a request
# whose comment says what it must hold (tests/abi/bad_struct.c):
#
#	in: 0		no bit has a meaning
#	in: PREFIX_*	the bits that a macro of that prefix is defined as have one
#	in...		of a field "handle": it has to be there (syncobjs have the kernel's errors)
#
# A struct that is no request's own, as an entry of an array, must not have fields of the first two.

/^REQUEST\(/ {
	gsub(/[(),]/, " ")
	name["dma_fence_" $5] = $4
}
/^#define [A-Z_]+[ \t]+\(1u? << [0-9]+\)/ {
	bit = $0
	sub(/.*<< /, "", bit)
	macros[$2] = bit + 0
}
/^struct dma_fence_[a-z_]+ \{/ {
	structure = $2
}
/^}/ {
	structure = ""
}
structure != "" && /\/\* in: 0 \*\// {
	add_field("")
}
structure != "" && $2 ~ /^flags/ && match($0, /\/\* in: [A-Z_]+_\*/) {
	add_field(substr($0, RSTART + 7, RLENGTH - 8))
}
structure in name && $2 == "handle;" && /\/\* in/ && !/syncobj/ {
	handles[++handle_count] = name[structure]
}

function add_field(prefix)
{
	structs[++count] = structure
	fields[count] = $2
	sub(/;/, "", fields[count])
	prefixes[count] = prefix
}

# The lowest bit that no macro of the prefix stands for.
function unknown_bit(prefix, known, macro, bit)
{
	for (macro in macros)
		if (prefix != "" && index(macro, prefix) == 1)
			known[macros[macro]] = 1
	for (bit = 0; bit in known; bit++)
		;
	return bit
}

END {
	for (i = 1; i <= count; i++) {
		if (structs[i] in name)
			printf "FIELD_TEST(%s, %s, 1u << %d)\n", name[structs[i]], fields[i], \
				unknown_bit(prefixes[i], known)
		else
			printf "#error struct %s has a field %s that no test covers\n", structs[i], \
				fields[i]
	}
	for (i = 1; i <= handle_count; i++)
		printf "UNKNOWN_HANDLE_TEST(%s, %s.handle, true)\n", handles[i], handles[i]
}
