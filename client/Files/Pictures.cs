using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;
using Dmkd.Client.Errors;
using Dmkd.Data.Images;
using Dmkd.Data.Images.Folders;
using Dmkd.Serving;
using Microsoft.Extensions.FileSystemGlobbing;

namespace Dmkd.Client.Files;

/// <summary>The pictures that arguments name: files, folders with all below them, and patterns.</summary>
internal static class Pictures
{
    /// <summary>Largest picture that is read.</summary>
    public const long MaxFileBytes = 64 << 20;
    private const char Wildcard = '*';

    /// <summary>The paths of all pictures, argument by argument; those of a folder or a pattern in the order of their
    /// names.</summary>
    /// <exception cref="BadInputException">An argument names nothing.</exception>
    public static string[] Named(IEnumerable<string> arguments) => [.. arguments.SelectMany(Expand)];

    /// <summary>Reads a picture.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="size">Height and width of the result.</param>
    /// <param name="pixels">Receives the intensities, shape [3, size, size].</param>
    /// <returns>What is wrong with it, as a sentence that names it, or null.</returns>
    public static string? Read(string path, int size, Span<byte> pixels)
    {
        try
        {
            long length = new FileInfo(path).Length;
            if (length > MaxFileBytes)
                return $"{path} has {length} bytes; an image may have {MaxFileBytes}.";
            ImageDecoder.Decode(File.ReadAllBytes(path), path, size).CopyTo(pixels);
            return null;
        }
        catch (DatasetException e)
        {
            return e.Message;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"{path} cannot be read: {e.Message}";
        }
    }

    private static IEnumerable<string> Expand(string argument)
    {
        if (File.Exists(argument))
            return [argument];
        if (Directory.Exists(argument))
            return Required(Matches(argument, "**/*").Where(IsImage), $"{argument} has no images");
        if (!argument.Contains(Wildcard, StringComparison.Ordinal))
            throw new BadInputException($"There is no image {argument}.");
        string[] parts = argument.Split('/');
        int first = Array.FindIndex(parts, part => part.Contains(Wildcard, StringComparison.Ordinal));
        string root = string.Join('/', parts[..first]);
        if (argument.StartsWith('/'))
            root += '/';
        string pattern = string.Join('/', parts[first..]);
        return Required(Matches(root, pattern), $"No image matches {argument}");
    }

    /// <summary>Hidden files are left out, as a shell leaves them out.</summary>
    private static IEnumerable<string> Matches(string root, string pattern)
    {
        var matcher = new Matcher(StringComparison.Ordinal).AddInclude(pattern);
        matcher.AddExclude("**/.*");
        matcher.AddExclude("**/.*/**");
        string folder = Path.GetFullPath(root.Length == 0 ? "." : root);
        if (!Directory.Exists(folder))
            return [];
        return matcher.GetResultsInFullPath(folder).Select(Given).Order(StringComparer.Ordinal);

        // as the user named the folder, so that answers can be told apart by what was asked
        string Given(string full) => Path.Combine(root, Path.GetRelativePath(folder, full));
    }

    private static string[] Required(IEnumerable<string> paths, string problem)
    {
        string[] all = [.. paths];
        if (all.Length == 0)
            throw new BadInputException($"{problem} ({string.Join(", ", ImageDecoder.Extensions)}).");
        return all;
    }

    private static bool IsImage(string path) =>
        ImageDecoder.Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);
}

/// <summary>What a library says to pictures.</summary>
/// <param name="Classes">Most probable classes that are told of each; 0 for the best alone.</param>
internal sealed record PictureAnswers(int Classes)
{
    /// <summary>The pictures that could be read, with the answers.</summary>
    public List<(string Image, PredictedInput Prediction)> Told { get; } = [];

    /// <summary>The others.</summary>
    public List<UnreadPicture> Unread { get; } = [];
}

/// <summary>A picture that cannot be read, as <c>predict --json</c> prints it. Field names are stable.</summary>
/// <param name="Image">Its path.</param>
/// <param name="Problem">What is wrong with it, as a sentence that names it.</param>
internal sealed record UnreadPicture(string Image, string Problem);

/// <summary>
/// Answers as lines of comma-separated values (RFC 4180), one per picture, under a line of names; pictures that cannot
/// be read come last.
/// </summary>
internal static class AnswersCsv
{
    private static readonly string[] Columns = ["path", "label", "probability", "class_index", "experts"];
    private const string Problem = "problem";

    /// <summary>Writes them.</summary>
    public static void Write(TextWriter writer, PictureAnswers answers)
    {
        var format = new CsvConfiguration(CultureInfo.InvariantCulture) { NewLine = "\n" };
        using var csv = new CsvWriter(writer, format, leaveOpen: true);
        int[] ranks = answers.Classes > 1 ? [.. Enumerable.Range(2, answers.Classes - 1)] : [];
        string[] more = [.. ranks.SelectMany(rank => (string[])[$"label_{rank}", $"probability_{rank}"])];
        WriteLine(csv, [.. Columns, .. more, Problem]);
        foreach (var (image, answer) in answers.Told)
            WriteLine(csv, [image, .. FieldsOf(answer), .. ranks.SelectMany(rank => FieldsOf(answer, rank)), ""]);
        string[] empty = [.. Columns.Skip(1).Concat(more).Select(_ => "")];
        foreach (var unread in answers.Unread)
            WriteLine(csv, [unread.Image, .. empty, unread.Problem]);
    }

    private static string[] FieldsOf(PredictedInput answer) =>
        [
            answer.ClassName,
            Number(answer.Probability),
            answer.ClassIndex.ToString(CultureInfo.InvariantCulture),
            string.Join(' ', answer.Experts.Select(share => $"{share.Module}:{Number(share.Probability)}")),
        ];

    /// <summary>The class of a rank, from 1, and its probability; empty where the experts asked know no more.</summary>
    private static string[] FieldsOf(PredictedInput answer, int rank) =>
        answer.Classes.Count < rank
            ? ["", ""]
            : [answer.Classes[rank - 1].ClassName, Number(answer.Classes[rank - 1].Probability)];

    private static void WriteLine(CsvWriter csv, IEnumerable<string> fields)
    {
        foreach (string field in fields)
            csv.WriteField(field);
        csv.NextRecord();
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
