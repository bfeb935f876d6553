# SPDX-License-Identifier: MIT
#
# layout.awk - reads uapi/dma_fence.h and writes a program that uses every macro, struct and field
# of it, and prints their values, sizes and offsets. The same text is strict C99 and C++11, so that
# it is the header's compile test too.

/^#define DMA_FENCE_[A-Z0-9_]+[ \t]/ && !/^#define DMA_FENCE_UAPI_H/ {
	macros[++macro_count] = $2
}
/^#define DMA_FENCE_[A-Z0-9_]+_INLINE\(count\)/ {
	sub(/\(count\)/, "", $2)
	macros[++macro_count] = $2 "(1)"
	macros[++macro_count] = $2 "(7)"
}
/^#define DMA_FENCE_IOC\(/ {
	macros[++macro_count] = "DMA_FENCE_IOC(1, 8)"
}
/^struct dma_fence_[a-z_]+ \{/ {
	structure = $2
	structs[++struct_count] = structure
}
/^}/ {
	structure = ""
}
structure != "" && /^\t[a-z_0-9]+ [a-z_0-9]+(\[[A-Z0-9_]+\])?;/ {
	field = $2
	sub(/[;[].*/, "", field)
	fields[structure, ++field_count[structure]] = field
}
END {
	print "#include <dma-fence/dma_fence.h>"
	print "#include <dma-fence/dma_fence.h>"
	print ""
	print "static const unsigned long long values[] = {"
	for (i = 1; i <= macro_count; i++)
		print "\t(unsigned long long)(" macros[i] "),"
	print "};"
	print ""
	print "#include <stddef.h>"
	print "#include <stdio.h>"
	print ""
	print "static const char *const names[] = {"
	for (i = 1; i <= macro_count; i++)
		print "\t\"" macros[i] "\","
	print "};"
	print ""
	print "#define SIZE(type) \\"
	print "\tprintf(\"struct %s: size %u\\n\", #type, (unsigned int)sizeof(struct type))"
	print "#define FIELD(type, field) \\"
	print "\tprintf(\"struct %s: offset %3u size %3u %s\\n\", #type, \\"
	print "\t       (unsigned int)offsetof(struct type, field), \\"
	print "\t       (unsigned int)sizeof(((struct type *)NULL)->field), #field)"
	print ""
	print "int main(void)"
	print "{"
	print "\tsize_t i;"
	print ""
	print "\tfor (i = 0; i < sizeof(values) / sizeof(values[0]); i++)"
	print "\t\tprintf(\"%s = 0x%llx\\n\", names[i], values[i]);"
	for (i = 1; i <= struct_count; i++) {
		structure = structs[i]
		print "\tSIZE(" structure ");"
		for (j = 1; j <= field_count[structure]; j++)
			print "\tFIELD(" structure ", " fields[structure, j] ");"
	}
	print "\treturn 0;"
	print "}"
}
