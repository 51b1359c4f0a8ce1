using Dmkd.Core.Settings;

namespace Dmkd.Data.Images.Folders;

/// <summary>
/// Tiny-ImageNet's own layout: all validation images lie in <c>val/images</c>, and <c>val/val_annotations.txt</c> tells
/// their classes. Its <c>test/</c> has no labels and is left out.
/// </summary>
internal static class TinyImageNet
{
    private const string Annotations = "val/val_annotations.txt",
        Images = "val/images/",
        Validation = "val/",
        Test = "test/";

    /// <summary>The entries, sorted into class folders; null where there are no annotations.</summary>
    public static string[]? Sorted(IImageSource source)
    {
        int annotations = 0;
        while (annotations < source.Entries.Count && !IsAt(source.Entries[annotations], Annotations))
            annotations++;
        if (annotations == source.Entries.Count)
            return null;
        string root = source.Entries[annotations][..^Annotations.Length];
        var classes = Read(source, annotations);
        return
        [
            .. source.Entries.Select(path =>
                path.StartsWith(root, StringComparison.Ordinal) ? root + Sort(path[root.Length..]) : path
            ),
        ];

        string Sort(string path)
        {
            if (path.StartsWith(Test, StringComparison.Ordinal) || path is Annotations or Images)
                return ""; // a folder above, which has been seen
            if (!path.StartsWith(Images, StringComparison.Ordinal))
                return path;
            string file = path[Images.Length..];
            return classes.TryGetValue(file, out string? name)
                ? $"{Validation}{name}/{file}"
                : throw new DatasetException(
                    $"{source.Name}: {Annotations} does not tell the class of {file}. Add its line or remove the image."
                );
        }
    }

    private static bool IsAt(string path, string end) =>
        path.EndsWith(end, StringComparison.Ordinal) && path.Count(letter => letter == '/') <= 2;

    /// <summary>Class by file: the first two of a line's columns, which are separated by tabs.</summary>
    private static Dictionary<string, string> Read(IImageSource source, int annotations)
    {
        var classes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (number, line) in LabelledSource.LinesOf(source, annotations))
        {
            if (line.Split('\t') is not [var file, { Length: > 0 } name, ..] || name.AsSpan().ContainsAny('/', '\\'))
                throw new DatasetException(
                    $"{source.Describe(annotations)}:{number} must be an image's file and its class, "
                        + $"separated by a tab, not '{line}'."
                );
            classes[file] = name;
        }

        return classes;
    }
}

/// <summary>
/// ImageNet-1k as it comes: the training images in a folder a synset, the validation images all in one, and a list that
/// tells their classes: <c>LOC_val_solution.csv</c>, <c>imagenet_2012_validation_synset_labels.txt</c>, a
/// <c>val.txt</c> of file and class, or the devkit's <c>ILSVRC2012_validation_ground_truth.txt</c> with its
/// <c>meta.mat</c>.
/// </summary>
internal static class FlatValidation
{
    private static readonly string[] Lists = ["LOC_val_solution.csv", "val.txt", "val_map.txt"];
    private static readonly string[] InOrder =
    [
        "imagenet_2012_validation_synset_labels.txt",
        "ILSVRC2012_validation_ground_truth.txt",
    ];

    /// <summary>The entries, sorted into class folders; null without a flat val/, class folders or a list.</summary>
    public static string[]? Sorted(IImageSource source)
    {
        int[] flat = [.. Enumerable.Range(0, source.Entries.Count).Where(entry => IsFlat(source.Entries[entry]))];
        string[] classes =
        [
            .. source.Entries.Select(TrainClass).OfType<string>().Distinct().Order(StringComparer.Ordinal),
        ];
        if (flat.Length == 0 || classes.Length < 2)
            return null;
        if (ClassesOf(source, flat, classes) is not { } classOf)
            return null;
        string[] sorted = [.. source.Entries];
        foreach (int entry in flat)
        {
            string file = LabelledSource.FileName(sorted[entry]);
            if (!classOf.TryGetValue(Stem(file), out string? name))
                throw new DatasetException(
                    $"{source.Name}: the list of validation classes does not tell the class of {file}. "
                        + "Add its line or remove the image."
                );
            sorted[entry] = $"{sorted[entry][..^file.Length]}{name}/{file}";
        }

        return sorted;
    }

    private static bool IsFlat(string path) =>
        ImageTree.IsImage(path)
        && path.Split('/') is [.., var folder, _]
        && folder.Equals("val", StringComparison.OrdinalIgnoreCase);

    /// <summary>The class folder of a training image; null of anything else.</summary>
    private static string? TrainClass(string path) =>
        path.Split('/') is [.., "train", var name, { Length: > 0 }] && ImageTree.IsImage(path) ? name : null;

    private static Dictionary<string, string>? ClassesOf(IImageSource source, int[] flat, string[] classes)
    {
        foreach (string list in Lists)
            if (LabelledSource.Find(source, list) is >= 0 and var entry)
                return OfLines(source, entry, classes);
        foreach (string list in InOrder)
            if (LabelledSource.Find(source, list) is >= 0 and var entry)
                return OfOrder(source, entry, flat);
        return null;
    }

    /// <summary>A file and its class a line, by folder name or by place among the sorted folders.</summary>
    private static Dictionary<string, string> OfLines(IImageSource source, int entry, string[] classes)
    {
        var classOf = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (number, line) in LabelledSource.LinesOf(source, entry))
        {
            string[] words = line.Split([' ', ',', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words is ["ImageId", ..])
                continue;
            if (words is not [var file, var label, ..] || NameOf(label, classes) is not { } name)
                throw new DatasetException(
                    $"{source.Describe(entry)}:{number} must be an image's file and its class, a folder of train/ or "
                        + $"its number, not '{line}'."
                );
            classOf[Stem(LabelledSource.FileName(file))] = name;
        }

        return classOf;
    }

    private static string? NameOf(string label, string[] classes)
    {
        if (classes.Contains(label))
            return label;
        return NumberText.TryRead(label, out int number) && number >= 0 && number < classes.Length
            ? classes[number]
            : null;
    }

    /// <summary>A class a line, in the order of the images' names: synsets, or the devkit's own numbers of them.</summary>
    private static Dictionary<string, string> OfOrder(IImageSource source, int entry, int[] flat)
    {
        string[] labels = [.. LabelledSource.LinesOf(source, entry).Select(pair => pair.Line)];
        if (labels.Length != flat.Length)
            throw new DatasetException(
                $"{source.Describe(entry)} tells {labels.Length} classes; val/ has {flat.Length} images. "
                    + "It must have a line for each image."
            );
        if (labels.All(label => NumberText.TryRead(label, out int _)))
            labels = Synsets(source, entry, labels);
        string[] files =
        [
            .. flat.Select(image => Stem(LabelledSource.FileName(source.Entries[image]))).Order(StringComparer.Ordinal),
        ];
        return files.Zip(labels).ToDictionary(pair => pair.First, pair => pair.Second, StringComparer.Ordinal);
    }

    private static string[] Synsets(IImageSource source, int entry, string[] numbers)
    {
        int meta = LabelledSource.Find(source, "meta.mat");
        if (meta < 0)
            throw new DatasetException(
                $"{source.Describe(entry)} has the devkit's numbers of classes; meta.mat, which tells their synsets, "
                    + "is missing. Put the devkit's data/meta.mat beside it."
            );
        var synsetOf = DevkitMeta.Read(source.Read(meta), source.Describe(meta));
        return
        [
            .. numbers.Select(number =>
                NumberText.TryRead(number, out int id) && synsetOf.TryGetValue(id, out string? synset)
                    ? synset
                    : throw new DatasetException($"{source.Describe(meta)} does not tell the synset of class {number}.")
            ),
        ];
    }

    private static string Stem(string file) => ImageTree.IsImage(file) ? Path.GetFileNameWithoutExtension(file) : file;
}
