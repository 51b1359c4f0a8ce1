using Dmkd.Core;
using Dmkd.Data.Seeds;

namespace Dmkd.Data.Images.Folders;

/// <summary>The images of a source by split and class, in an order that does not depend on the file system.</summary>
/// <param name="ClassFolders">Names of the class folders, ordinally sorted.</param>
/// <param name="Train">Training images, ordinally sorted by path.</param>
/// <param name="Test">Test images, ordinally sorted by path.</param>
/// <param name="Notes">What was left out or decided, in sentences.</param>
internal sealed record ImageTree(
    IReadOnlyList<string> ClassFolders,
    IReadOnlyList<ImageFile> Train,
    IReadOnlyList<ImageFile> Test,
    IReadOnlyList<string> Notes
)
{
    private const string Layout = "Expected train/<class>/<image> and test/<class>/<image> (or val/ for test/)";
    private const int MaxNamed = 5;

    /// <summary>Files that lie beside images and are meant to be no images.</summary>
    private static readonly string[] Companions =
    [
        ".txt",
        ".csv",
        ".tsv",
        ".json",
        ".xml",
        ".md",
        ".db",
        ".ini",
        ".html",
    ];

    /// <summary>Names of the classes: those of their folders where no list of words says better.</summary>
    public required IReadOnlyList<string> ClassNames { get; init; }

    /// <summary>Whether a path is that of an image, by its ending.</summary>
    public static bool IsImage(string path) =>
        ImageDecoder.Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Sorts the entries of a source into splits and classes.</summary>
    /// <param name="source">Folder or zip file. Borrowed.</param>
    /// <param name="spec">Whether training images are wanted, and what is held out without test images.</param>
    /// <exception cref="DatasetException">The layout is not that of class folders, or the two splits
    /// disagree.</exception>
    public static ImageTree Parse(IImageSource source, DatasetSpec spec)
    {
        var nodes = source
            .Entries.Select((path, entry) => new Node(entry, path))
            .Where(node => !node.IsHidden)
            .ToList();
        if (nodes.Count == 0)
            throw new DatasetException($"{source.Name} is empty. {Layout}.");
        var splits = Splits.Find(nodes, source.Name);
        var notes = new List<string>();
        var (train, test) = Sets(splits, spec, source.Name, notes);
        CheckClasses(train, test, source.Name);
        string[] folders = [.. test.Keys];
        NoteOthers([.. train.Others, .. test.Others], notes);
        return new ImageTree(folders, Files(train), Files(test), notes)
        {
            ClassNames = ClassWords.NamesOf(source, folders),
        };
    }

    private static (ClassFolders Train, ClassFolders Test) Sets(
        Splits splits,
        DatasetSpec spec,
        string source,
        List<string> notes
    )
    {
        bool isWhole = splits.Has(SplitNames.Train) is false && splits.HasTest is false;
        if (isWhole && splits.Unsplit() is { Count: > 1 } all)
            return spec.NeedsTraining || spec.Holdout is not null
                ? HeldOut(all, spec, source, "")
                : (new ClassFolders(), all);
        if (!spec.NeedsTraining && splits.HasTest && !splits.Has(SplitNames.Train))
            return (new ClassFolders(), TestOf(splits, null, source, notes));
        if (!splits.Has(SplitNames.Train))
            throw new DatasetException($"{source} has no train/ folder. {Layout}.");
        var train = splits.Classes(SplitNames.Train);
        CheckNotEmpty(train, source);
        if (!splits.HasTest)
            return HeldOut(train, spec, source, "train/");
        if (spec.Holdout is not null)
            throw new DatasetException(
                $"{source} has test images of its own; --holdout is for data without. Leave it out."
            );
        return (train, TestOf(splits, train, source, notes));
    }

    /// <summary>test/ where it has labels, else val/, which many data sets have beside a test/ without labels.</summary>
    private static ClassFolders TestOf(Splits splits, ClassFolders? train, string source, List<string> notes)
    {
        var (test, validation) = (splits.Classes(SplitNames.Test), splits.Classes(SplitNames.Validation));
        bool isLabelled = test.Count > 0 && (train is null || test.Keys.Any(train.ContainsKey));
        if (isLabelled || validation.Count == 0)
        {
            if (validation.Count > 0)
                notes.Add($"{test.Folder}/ is used for testing and {validation.Folder}/ is left out.");
            var used = test.Folder.Length > 0 ? test : validation;
            CheckNotEmpty(used, source);
            return used;
        }

        if (splits.Has(SplitNames.Test))
            notes.Add($"{test.Folder}/ has no class folders of train/, hence no labels; {validation.Folder}/ is used.");
        CheckNotEmpty(validation, source);
        return validation;
    }

    /// <summary>Keeps a share of each class for testing.</summary>
    private static (ClassFolders Train, ClassFolders Test) HeldOut(
        ClassFolders all,
        DatasetSpec spec,
        string source,
        string folder
    )
    {
        CheckNotEmpty(all, source);
        if (spec.Holdout is not { } share)
            throw new DatasetException(
                folder.Length > 0
                    ? $"{source} has no test/ or val/ folder. {Layout}; --holdout 0.2 keeps a share of each class instead."
                    : $"{source} has class folders ({Shorten([.. all.Keys])}) but no train/ folder. {Layout}; "
                        + "--holdout 0.2 keeps a share of each class for testing instead."
            );
        var (train, test) = (all.Empty(), all.Empty());
        foreach (var ((name, files), label) in all.Select((entry, label) => (entry, label)))
        {
            if (files.Count < 3)
                throw new DatasetException(
                    $"{source}: class '{name}' has {files.Count} image(s); at least 3 needed to hold some out."
                );
            int count = Math.Clamp((int)Math.Round(share * files.Count), 1, files.Count - 2);
            Node[] ordered = [.. files.OrderBy(node => node.Path, StringComparer.Ordinal)];
            int seed = SeedSequence.Derive(spec.Seed, SeedPurpose.Holdout, label);
            int[] held = ClassIndex.Pick([.. Enumerable.Range(0, ordered.Length)], count, seed);
            test[name] = [.. held.Select(place => ordered[place])];
            train[name] = [.. ordered.Except(test[name])];
        }

        return (train, test);
    }

    private static void CheckNotEmpty(ClassFolders classes, string source)
    {
        if (classes.Count == 0)
            throw new DatasetException($"{source}: {classes.Folder}/ has no class folders. {Layout}.");
        string? empty = classes.FirstOrDefault(entry => entry.Value.Count == 0).Key;
        string prefix = classes.Folder.Length > 0 ? classes.Folder + "/" : "";
        if (empty is not null)
            throw new DatasetException(
                $"{source}: class folder {prefix}{empty} has no images ({string.Join(", ", ImageDecoder.Extensions)}). "
                    + "Add images or remove the folder."
            );
    }

    private static void CheckClasses(ClassFolders train, ClassFolders test, string source)
    {
        string[] onlyTrain = [.. train.Keys.Except(test.Keys)];
        string[] onlyTest = train.Count == 0 ? [] : [.. test.Keys.Except(train.Keys)];
        if (onlyTrain.Length + onlyTest.Length > 0)
            throw new DatasetException(
                $"{source}: train and test must have the same class folders; "
                    + $"only in train: {Shorten(onlyTrain)}; only in test: {Shorten(onlyTest)}."
            );
        if (test.Count < 2)
            throw new DatasetException(
                $"{source} has a single class, '{test.Keys.First()}'; at least 2 needed. Add a class folder to train and test."
            );
    }

    /// <summary>Says which files in class folders nobody reads, so that no image is missed in silence.</summary>
    private static void NoteOthers(IReadOnlyList<string> others, List<string> notes)
    {
        string[] odd =
        [
            .. others.Where(path => !Companions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase)),
        ];
        if (odd.Length == 0)
            return;
        string kinds = string.Join(
            ", ",
            odd.Select(Path.GetExtension).Distinct(StringComparer.OrdinalIgnoreCase).Take(MaxNamed)
        );
        notes.Add(
            $"{odd.Length} file(s) in class folders are left out ({kinds}), such as {odd.Min(StringComparer.Ordinal)}; "
                + $"read are {string.Join(", ", ImageDecoder.Extensions)}."
        );
    }

    private static string Shorten(string[] names) =>
        names.Length switch
        {
            0 => "none",
            <= MaxNamed => string.Join(", ", names),
            _ => $"{string.Join(", ", names.Take(MaxNamed))} and {names.Length - MaxNamed} more",
        };

    private static ImageFile[] Files(ClassFolders classes) =>
        [
            .. classes.SelectMany(
                (entry, label) =>
                    entry
                        .Value.OrderBy(node => node.Path, StringComparer.Ordinal)
                        .Select(node => new ImageFile(node.Entry, label))
            ),
        ];
}
