namespace Dmkd.Data.Images.Folders;

/// <summary>A file or folder of a source.</summary>
/// <param name="Entry">Position in <see cref="IImageSource.Entries"/>.</param>
/// <param name="Path">As there.</param>
internal sealed record Node(int Entry, string Path)
{
    public string[] Parts { get; } = Path.Split('/', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What operating systems leave behind: .DS_Store, ._name, __MACOSX.</summary>
    public bool IsHidden => Parts.Length == 0 || Parts.Any(part => part[0] == '.' || part == "__MACOSX");

    public bool IsFolderAt(int depth) => Parts.Length > depth + 1 || (Parts.Length == depth + 1 && Path.EndsWith('/'));
}

/// <summary>The class folders of one set, ordinally sorted, each with its images.</summary>
internal sealed class ClassFolders() : SortedDictionary<string, List<Node>>(StringComparer.Ordinal)
{
    /// <summary>The set's folder as it is written; empty for class folders that lie in none.</summary>
    public string Folder { get; init; } = "";

    /// <summary>Files in class folders that are no images.</summary>
    public List<string> Others { get; init; } = [];

    /// <summary>The same folder, without classes.</summary>
    public ClassFolders Empty() => new() { Folder = Folder, Others = Others };

    /// <summary>Sorts the nodes of a set by the folder at a depth.</summary>
    public static ClassFolders Of(IEnumerable<Node> nodes, int depth, string folder)
    {
        var classes = new ClassFolders { Folder = folder };
        foreach (var node in nodes.Where(node => node.IsFolderAt(depth)))
        {
            if (!classes.TryGetValue(node.Parts[depth], out var files))
                classes.Add(node.Parts[depth], files = []);
            if (ImageTree.IsImage(node.Path))
                files.Add(node);
            else if (!node.Path.EndsWith('/'))
                classes.Others.Add(node.Path);
        }

        return classes;
    }
}

/// <summary>Finds the folders of sets in a source, within whatever folders wrap them.</summary>
/// <param name="Nodes">What lies in the wrapped folder.</param>
/// <param name="Depth">How deep the folders of sets lie.</param>
internal sealed record Splits(IReadOnlyList<Node> Nodes, int Depth)
{
    private const int MaxWrappers = 6;

    /// <summary>Whether there is a test or a validation set.</summary>
    public bool HasTest => Has(SplitNames.Test) || Has(SplitNames.Validation);

    /// <summary>Finds them: the shallowest folders that are called as sets and hold images, if any do.</summary>
    /// <exception cref="DatasetException">Several folders have such folders.</exception>
    public static Splits Find(IReadOnlyList<Node> nodes, string source)
    {
        Node[] images = [.. nodes.Where(node => ImageTree.IsImage(node.Path))];
        var (prefixes, depth) = Prefixes(images);
        if (depth < 0)
            (prefixes, depth) = Prefixes(nodes);
        if (depth < 0)
            return new Splits(nodes, WrappersOf(nodes));
        if (prefixes.Count > 1)
            throw new DatasetException(
                $"{source} has several data sets, such as {string.Join(" and ", prefixes.Order(StringComparer.Ordinal).Take(2))}. "
                    + "Name one of them."
            );
        string prefix = prefixes.First();
        return new Splits([.. nodes.Where(node => node.Path.StartsWith(prefix, StringComparison.Ordinal))], depth);
    }

    /// <summary>Whether there is a folder that is called so.</summary>
    public bool Has(IReadOnlyList<string> names) => Nodes.Any(node => IsIn(node, names));

    /// <summary>The class folders of the folder that is called so; none when there is none.</summary>
    public ClassFolders Classes(IReadOnlyList<string> names)
    {
        var inSplit = Nodes.Where(node => IsIn(node, names)).ToList();
        return ClassFolders.Of(inSplit, Depth + 1, inSplit.Count == 0 ? "" : inSplit[0].Parts[Depth]);
    }

    /// <summary>The folders that have images, when no folder is called as a set.</summary>
    public ClassFolders Unsplit()
    {
        var classes = ClassFolders.Of(Nodes, Depth, "");
        foreach (string empty in classes.Where(entry => entry.Value.Count == 0).Select(entry => entry.Key).ToArray())
            classes.Remove(empty);
        return classes;
    }

    private bool IsIn(Node node, IReadOnlyList<string> names) =>
        node.IsFolderAt(Depth) && SplitNames.Is(node.Parts[Depth], names);

    private static (HashSet<string> Prefixes, int Depth) Prefixes(IEnumerable<Node> nodes)
    {
        var prefixes = new HashSet<string>(StringComparer.Ordinal);
        int depth = -1;
        foreach (var node in nodes)
        {
            int place = Array.FindIndex(node.Parts, SplitNames.IsAny);
            if (place < 0 || place > MaxWrappers || !node.IsFolderAt(place) || (depth >= 0 && place > depth))
                continue;
            if (place < depth)
                prefixes.Clear();
            depth = place;
            prefixes.Add(string.Concat(node.Parts[..place].Select(part => part + "/")));
        }

        return (prefixes, depth);
    }

    /// <summary>How many folders, each the only one at its place, lie around everything.</summary>
    private static int WrappersOf(IReadOnlyList<Node> nodes)
    {
        int depth = 0;
        while (depth < MaxWrappers)
        {
            string[] folders =
            [
                .. nodes.Where(node => node.IsFolderAt(depth)).Select(node => node.Parts[depth]).Distinct().Take(2),
            ];
            bool hasImages = nodes.Any(node => node.Parts.Length == depth + 1 && ImageTree.IsImage(node.Path));
            bool wraps = folders.Length == 1 && !hasImages && nodes.Any(node => node.IsFolderAt(depth + 1));
            if (!wraps)
                break;
            depth++;
        }

        return depth;
    }
}

/// <summary>What people call the sets of a data set.</summary>
internal static class SplitNames
{
    /// <summary>Names of training sets.</summary>
    public static IReadOnlyList<string> Train { get; } = ["train", "training"];

    /// <summary>Names of test sets.</summary>
    public static IReadOnlyList<string> Test { get; } = ["test", "testing"];

    /// <summary>Names of validation sets.</summary>
    public static IReadOnlyList<string> Validation { get; } = ["val", "valid", "validation"];

    /// <summary>Whether a folder is called as one of a kind of sets; capital letters do not count.</summary>
    public static bool Is(string name, IReadOnlyList<string> names) =>
        names.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a folder is called as any set.</summary>
    public static bool IsAny(string name) => Is(name, Train) || Is(name, Test) || Is(name, Validation);

    /// <summary>The folder that a word in a table stands for, with its slash.</summary>
    /// <exception cref="DatasetException">There is no such set.</exception>
    public static string FolderOf(string word, string where)
    {
        string? name = NameOf(word);
        return name is not null
            ? name + "/"
            : throw new DatasetException($"{where}: a set must be train, val or test, not '{word}'.");
    }

    /// <summary>The folder that all images of a table belong in, with its slash; empty when its name does not tell.</summary>
    public static string OfTable(string fileName) =>
        NameOf(Path.GetFileNameWithoutExtension(fileName)) is { } name ? name + "/" : "";

    /// <summary>The folder of the first set that a path lies in, with its slash; empty when it lies in none.</summary>
    public static string OfPath(string path) =>
        path.Split('/')[..^1].Select(NameOf).FirstOrDefault(name => name is not null) is { } name ? name + "/" : "";

    private static string? NameOf(string word)
    {
        if (Is(word, Train))
            return Train[0];
        if (Is(word, Validation))
            return Validation[0];
        return Is(word, Test) ? Test[0] : null;
    }
}
