namespace Dmkd.Data.Images.Folders;

/// <summary>The images of a source by split and class, in an order that does not depend on the file system.</summary>
/// <param name="ClassNames">Names of the class folders, ordinally sorted.</param>
/// <param name="Train">Training images, ordinally sorted by path.</param>
/// <param name="Test">Test images, ordinally sorted by path.</param>
internal sealed record ImageTree(
    IReadOnlyList<string> ClassNames,
    IReadOnlyList<ImageFile> Train,
    IReadOnlyList<ImageFile> Test
)
{
    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png", ".bmp", ".webp"];

    private const string Layout = "Expected train/<class>/<image> and test/<class>/<image> (or val/ for test/)";

    /// <summary>Sorts the entries of a source into splits and classes.</summary>
    /// <exception cref="DatasetException">The layout is not that of class folders, or the two splits
    /// disagree.</exception>
    public static ImageTree Parse(IImageSource source)
    {
        var nodes = source
            .Entries.Select((path, entry) => new Node(entry, path))
            .Where(node => !node.IsHidden)
            .ToList();
        if (nodes.Count == 0)
            throw new DatasetException($"{source.Name} is empty. {Layout}.");
        int root = RootDepth(nodes);
        var train = Classes(nodes, root, ["train"], source.Name);
        var test = Classes(nodes, root, ["test", "val"], source.Name);
        CheckClasses(train, test, source.Name);
        string[] names = [.. train.Keys];
        return new ImageTree(names, Files(train), Files(test));
    }

    /// <summary>1 when everything lies in a single wrapping folder, else 0.</summary>
    private static int RootDepth(List<Node> nodes)
    {
        bool wrapped =
            nodes.Select(node => node.Parts[0]).Distinct().Count() == 1
            && nodes[0].Parts[0] is not ("train" or "test" or "val");
        return wrapped ? 1 : 0;
    }

    private static SortedDictionary<string, List<Node>> Classes(
        List<Node> nodes,
        int root,
        string[] splits,
        string source
    )
    {
        foreach (string split in splits)
        {
            var inSplit = nodes
                .Where(node => node.Parts.Length > root && node.Parts[root] == split && node.IsFolderAt(root))
                .ToList();
            if (inSplit.Count == 0)
                continue;
            var classes = new SortedDictionary<string, List<Node>>(StringComparer.Ordinal);
            foreach (var node in inSplit.Where(node => node.IsFolderAt(root + 1)))
            {
                if (!classes.TryGetValue(node.Parts[root + 1], out var files))
                    classes.Add(node.Parts[root + 1], files = []);
                if (IsImage(node.Path))
                    files.Add(node);
            }
            CheckNotEmpty(classes, split, source);
            return classes;
        }
        throw new DatasetException($"{source} has no {string.Join("/ or ", splits)}/ folder. {Layout}.");
    }

    private static void CheckNotEmpty(SortedDictionary<string, List<Node>> classes, string split, string source)
    {
        if (classes.Count == 0)
            throw new DatasetException($"{source}: {split}/ has no class folders. {Layout}.");
        string? empty = classes.FirstOrDefault(entry => entry.Value.Count == 0).Key;
        if (empty is not null)
            throw new DatasetException(
                $"{source}: class folder {split}/{empty} has no images ({string.Join(", ", Extensions)}). "
                    + "Add images or remove the folder."
            );
    }

    private static void CheckClasses(
        SortedDictionary<string, List<Node>> train,
        SortedDictionary<string, List<Node>> test,
        string source
    )
    {
        string[] onlyTrain = [.. train.Keys.Except(test.Keys)];
        string[] onlyTest = [.. test.Keys.Except(train.Keys)];
        if (onlyTrain.Length + onlyTest.Length > 0)
            throw new DatasetException(
                $"{source}: train and test must have the same class folders; "
                    + $"only in train: {Shorten(onlyTrain)}; only in test: {Shorten(onlyTest)}."
            );
        if (train.Count < 2)
            throw new DatasetException(
                $"{source} has a single class, '{train.Keys.First()}'; at least 2 needed. Add a class folder to train and test."
            );
    }

    private static string Shorten(string[] names) =>
        names.Length switch
        {
            0 => "none",
            <= 5 => string.Join(", ", names),
            _ => $"{string.Join(", ", names.Take(5))} and {names.Length - 5} more",
        };

    private static ImageFile[] Files(SortedDictionary<string, List<Node>> classes) =>
        [
            .. classes.SelectMany(
                (entry, label) =>
                    entry
                        .Value.OrderBy(node => node.Path, StringComparer.Ordinal)
                        .Select(node => new ImageFile(node.Entry, label))
            ),
        ];

    private static bool IsImage(string path) =>
        Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    private sealed record Node(int Entry, string Path)
    {
        public string[] Parts { get; } = Path.Split('/', StringSplitOptions.RemoveEmptyEntries);

        /// <summary>What operating systems leave behind: .DS_Store, ._name, __MACOSX.</summary>
        public bool IsHidden => Parts.Length == 0 || Parts.Any(part => part[0] == '.' || part == "__MACOSX");

        public bool IsFolderAt(int depth) =>
            Parts.Length > depth + 1 || (Parts.Length == depth + 1 && Path.EndsWith('/'));
    }
}
