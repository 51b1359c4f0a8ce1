# Lines and branches that tests reach, by folder, out of lcov files: awk -f eng/coverage.awk FILE...
function part(file) {
    if (match(file, /src\/Dmkd\.Core\/(Merging|Routing)\//)) return substr(file, RSTART + 4, RLENGTH - 5)
    if (file ~ /src\/Dmkd\.Grains\/.*(Rules|RunParticipation)\.cs$/) return "Dmkd.Grains rules"
    return ""
}
/^SF:/ { file = substr($0, 4); of = part(file) }
of == "" { next }
/^DA:/ {
    split(substr($0, 4), f, ",")
    line = file ":" f[1]
    if (!(line in owner)) { owner[line] = of; lines[of]++ }
    if (f[2] > 0 && !(line in hit)) { hit[line] = 1; reached[of]++ }
}
/^BRDA:/ {
    split(substr($0, 6), f, ",")
    branch = file ":" f[1] ":" f[2] ":" f[3]
    if (!(branch in owned)) { owned[branch] = of; branches[of]++ }
    if (f[4] > 0 && !(branch in taken)) { taken[branch] = 1; ways[of]++ }
}
END {
    for (of in lines)
        printf "coverage of %s: %.1f %% of lines, %.1f %% of branches (%d of %d)\n", of,
            100 * reached[of] / lines[of], branches[of] ? 100 * ways[of] / branches[of] : 100, ways[of], branches[of] | "sort"
    if (ENVIRON["MISSED"] != "")
        for (branch in owned) if (!(branch in taken)) print branch | "sort"
}
