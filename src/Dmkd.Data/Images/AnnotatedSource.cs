using System.Text;

namespace Dmkd.Data.Images;

/// <summary>
/// Tiny-ImageNet's own layout as class folders: all validation images lie in <c>val/images</c>, and <c>val/val_annotations.txt</c> tells their classes.
/// Its <c>test/</c> has no labels and is left out. Does not own the source beneath.
/// </summary>
internal sealed class AnnotatedSource : IImageSource
{
    private const string Annotations = "val/val_annotations.txt", Images = "val/images/", Validation = "val/", Test = "test/";
    private readonly IImageSource _source;

    private AnnotatedSource(IImageSource source, IReadOnlyList<string> entries)
    {
        _source = source;
        Entries = entries;
    }

    public string Name => _source.Name;

    public IReadOnlyList<string> Entries { get; }

    /// <summary>The source itself, or its annotated images sorted into class folders where it has annotations.</summary>
    /// <param name="source">The source. Borrowed for as long as the result is used.</param>
    /// <exception cref="DatasetException">A line of the annotations, or an image without one.</exception>
    public static IImageSource Of(IImageSource source)
    {
        int annotations = 0;
        while (annotations < source.Entries.Count && !IsAt(source.Entries[annotations], Annotations)) annotations++;
        if (annotations == source.Entries.Count) return source;
        string root = source.Entries[annotations][..^Annotations.Length];
        var classes = Read(source, annotations);
        return new AnnotatedSource(source, [.. source.Entries.Select(path => path.StartsWith(root, StringComparison.Ordinal) ? root + Sorted(path[root.Length..]) : path)]);

        string Sorted(string path)
        {
            if (path.StartsWith(Test, StringComparison.Ordinal) || path is Annotations or Images) return ""; // a folder above, which has been seen
            if (!path.StartsWith(Images, StringComparison.Ordinal)) return path;
            string file = path[Images.Length..];
            return classes.TryGetValue(file, out string? name)
                ? $"{Validation}{name}/{file}"
                : throw new DatasetException($"{source.Name}: {Annotations} does not tell the class of {file}. Add its line or remove the image.");
        }
    }

    public string Describe(int entry) => _source.Describe(entry);

    public byte[] Read(int entry) => _source.Read(entry);

    public void Dispose()
    {
    }

    private static bool IsAt(string path, string end) => path.EndsWith(end, StringComparison.Ordinal) && path.Count(letter => letter == '/') <= 2;

    /// <summary>Class by file: the first two of a line's columns, which are separated by tabs.</summary>
    private static Dictionary<string, string> Read(IImageSource source, int annotations)
    {
        var classes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (number, line) in Encoding.UTF8.GetString(source.Read(annotations)).Split('\n', StringSplitOptions.TrimEntries).Index())
        {
            if (line.Length == 0) continue;
            if (line.Split('\t') is not [var file, { Length: > 0 } name, ..] || name.AsSpan().ContainsAny('/', '\\'))
                throw new DatasetException($"{source.Describe(annotations)}:{number + 1} must be an image's file and its class, separated by a tab, not '{line}'.");
            classes[file] = name;
        }

        return classes;
    }
}
