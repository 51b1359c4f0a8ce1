using System.Globalization;
using Dmkd.Client.Errors;

namespace Dmkd.Client.Commands;

/// <summary>
/// Reads which classes each expert gets: groups part by semicolons, classes by commas, each by name or number.
/// </summary>
internal static class ClassGroups
{
    /// <summary>Reads the groups; a lone number stands for how many classes each expert gets, in order.</summary>
    /// <param name="text">Such as <c>cat,dog;car,ship</c> or <c>2</c>.</param>
    /// <param name="classNames">The classes.</param>
    /// <param name="experts">Number of experts.</param>
    /// <exception cref="BadInputException">A class is unknown, missing or named twice, or there are not as many groups
    /// as experts.</exception>
    public static int[][] Read(string text, IReadOnlyList<string> classNames, int experts)
    {
        int[][] groups =
            experts > 1
            && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int size)
            && !classNames.Contains(text)
                ? InOrder(size, classNames.Count)
                :
                [
                    .. text.Split(';')
                        .Select(group =>
                            group
                                .Split(',', StringSplitOptions.TrimEntries)
                                .Select(name => Find(name, classNames))
                                .ToArray()
                        ),
                ];
        if (groups.Length != experts)
            throw new BadInputException(
                $"--classes-per-expert makes {groups.Length} groups of the {classNames.Count} classes; "
                    + $"--experts asks for {experts}."
            );
        foreach (var (label, count) in groups.SelectMany(group => group).CountBy(label => label))
            if (count > 1)
                throw new BadInputException($"--classes-per-expert names class {classNames[label]} {count} times.");
        string[] missing =
        [
            .. Enumerable
                .Range(0, classNames.Count)
                .Except(groups.SelectMany(group => group))
                .Select(label => classNames[label]),
        ];
        return missing.Length == 0
            ? groups
            : throw new BadInputException(
                $"--classes-per-expert leaves out {string.Join(", ", missing)}; every class needs an expert."
            );
    }

    private static int[][] InOrder(int size, int classes) =>
        size < 1
            ? throw new BadInputException($"--classes-per-expert must be at least 1, not {size}.")
            : [.. Enumerable.Range(0, classes).Chunk(size)];

    private static int Find(string name, IReadOnlyList<string> classNames)
    {
        for (int label = 0; label < classNames.Count; label++)
            if (classNames[label] == name)
                return label;
        bool isNumber = int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
        if (isNumber && number < classNames.Count)
            return number;
        string more = classNames.Count > 20 ? ", ..." : "";
        throw new BadInputException(
            $"--classes-per-expert names '{name}', which is no class; there are: "
                + $"{string.Join(", ", classNames.Take(20))}{more}."
        );
    }
}
