using System.Text.Json;
using Dmkd.Core;
using Dmkd.Data.Seeds;

namespace Dmkd.Data.Images;

/// <summary>
/// Which class is output 0, 1, 2, ...: readers sort names as texts, where <c>10</c> comes before <c>2</c>; a network
/// from elsewhere, or a published split into tasks, may have another order.
/// </summary>
internal static class ClassOrder
{
    private const string Natural = "natural";
    private const long MaxBytes = 1 << 20;

    /// <summary>The data set with its classes in the order that is asked for; images stay where they are.</summary>
    /// <exception cref="DatasetException">The order cannot be read, or is not one of these classes.</exception>
    public static ImageDataset Apply(ImageDataset dataset, DatasetSpec spec)
    {
        if (spec.ClassOrder is null && spec.ClassOrderSeed is null)
            return dataset;
        int[] order = [.. Enumerable.Range(0, dataset.ClassNames.Count)];
        if (spec.ClassOrder == Natural)
            order = [.. order.OrderBy(label => dataset.ClassKeys[label], NaturalComparer.Instance)];
        else if (spec.ClassOrder is { } file)
            order = OfFile(file, dataset);
        if (spec.ClassOrderSeed is { } seed)
            new Random(SeedSequence.Derive(seed, SeedPurpose.ClassOrder)).Shuffle(order);
        int[] placeOf = new int[order.Length];
        for (int place = 0; place < order.Length; place++)
            placeOf[order[place]] = place;
        return dataset with
        {
            ClassNames = [.. order.Select(label => dataset.ClassNames[label])],
            ClassKeys = [.. order.Select(label => dataset.ClassKeys[label])],
            Train = dataset.Train.Relabel(label => placeOf[label]),
            Test = dataset.Test.Relabel(label => placeOf[label]),
        };
    }

    private static int[] OfFile(string file, ImageDataset dataset)
    {
        string[] names = NamesIn(file);
        int[] order = [.. names.Select(name => Find(name))];
        var twice = names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1);
        if (twice is not null)
            throw new DatasetException(
                $"{file} names class '{twice.Key}' {twice.Count()} times. Name each class once."
            );
        int[] missing = [.. Enumerable.Range(0, dataset.ClassNames.Count).Except(order)];
        if (missing.Length > 0)
            throw new DatasetException(
                $"{file} names {names.Length} of {dataset.ClassNames.Count} classes; "
                    + $"'{dataset.ClassKeys[missing[0]]}' is missing. Name each class once."
            );
        return order;

        int Find(string name)
        {
            for (int label = 0; label < dataset.ClassNames.Count; label++)
                if (dataset.ClassKeys[label] == name || dataset.ClassNames[label] == name)
                    return label;
            throw new DatasetException($"{file} names class '{name}', which {dataset.Name} does not have.");
        }
    }

    /// <summary>One name a line, or a JSON object of numbers by name, as torchvision's <c>class_to_idx</c>.</summary>
    private static string[] NamesIn(string file)
    {
        if (!File.Exists(file))
            throw new DatasetException(
                $"{nameof(DatasetSpec.ClassOrder)} must be 'natural' or a file with one class a line; "
                    + $"there is no file {file}."
            );
        long bytes = new FileInfo(file).Length;
        if (bytes > MaxBytes)
            throw new DatasetException($"{file} holds {bytes} bytes; a list of classes has at most {MaxBytes}.");
        string text = File.ReadAllText(file);
        if (!text.TrimStart().StartsWith('{'))
            return [.. text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)];
        try
        {
            var numbers = JsonSerializer.Deserialize<Dictionary<string, int>>(text)!;
            return [.. numbers.OrderBy(pair => pair.Value).Select(pair => pair.Key)];
        }
        catch (JsonException)
        {
            throw new DatasetException(
                $"{file} must be one class a line, or a JSON object such as {{\"cat\": 0, \"dog\": 1}}."
            );
        }
    }
}

/// <summary>Compares texts with the numbers in them by value: <c>2</c> before <c>10</c>, <c>a9</c> before <c>a10</c>.</summary>
internal sealed class NaturalComparer : IComparer<string>
{
    public static NaturalComparer Instance { get; } = new();

    public int Compare(string? x, string? y)
    {
        var left = x.AsSpan();
        var right = y.AsSpan();
        while (left.Length > 0 && right.Length > 0)
        {
            var leftPart = PartOf(left);
            var rightPart = PartOf(right);
            bool areNumbers = char.IsAsciiDigit(left[0]) && char.IsAsciiDigit(right[0]);
            int compared = areNumbers
                ? CompareNumbers(leftPart.TrimStart('0'), rightPart.TrimStart('0'))
                : leftPart.CompareTo(rightPart, StringComparison.Ordinal);
            if (compared != 0)
                return compared;
            left = left[leftPart.Length..];
            right = right[rightPart.Length..];
        }

        return left.Length != right.Length ? left.Length - right.Length : string.CompareOrdinal(x, y);
    }

    private static int CompareNumbers(ReadOnlySpan<char> left, ReadOnlySpan<char> right) =>
        left.Length != right.Length ? left.Length - right.Length : left.CompareTo(right, StringComparison.Ordinal);

    /// <summary>The digits at the beginning, or else one letter.</summary>
    private static ReadOnlySpan<char> PartOf(ReadOnlySpan<char> text)
    {
        int end = 0;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
            end++;
        return text[..Math.Max(1, end)];
    }
}
