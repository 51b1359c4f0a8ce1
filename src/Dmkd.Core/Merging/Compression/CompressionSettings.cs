using System.Globalization;

namespace Dmkd.Core.Merging.Compression;

/// <summary>How a module's updates are compressed; the text form is <c>svd-r8-fp16-feedback</c>, with all after the name optional for <c>dense</c>.</summary>
/// <param name="Compressor">One of <see cref="CompressorCatalog.Names"/>.</param>
/// <param name="Rank">Rank of each matrix, the proposal's <c>r</c>, in [1, <see cref="LargestRank"/>]; 0 for <c>dense</c>.</param>
/// <param name="HalfPrecision">Whether values are sent as fp16.</param>
/// <param name="UsesErrorFeedback">Whether nodes send later what compression dropped, see <see cref="ErrorFeedback"/>.</param>
public sealed record CompressionSettings(string Compressor, int Rank = 0, bool HalfPrecision = false, bool UsesErrorFeedback = false)
{
    /// <summary>Largest rank.</summary>
    public const int LargestRank = 4096;

    internal const string HalfPrecisionMark = "fp16";

    private const string FeedbackMark = "feedback";

    /// <summary>Format of the payloads.</summary>
    public ValueFormat Format => HalfPrecision ? ValueFormat.Fp16 : ValueFormat.Fp32;

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    /// <exception cref="FormatException">The text is no setting; the message says why.</exception>
    public static CompressionSettings Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split('-');
        var settings = new CompressionSettings(parts[0]);
        foreach (string part in parts[1..])
            settings = part switch
            {
                HalfPrecisionMark => settings with { HalfPrecision = true },
                FeedbackMark => settings with { UsesErrorFeedback = true },
                ['r', .. var digits] when int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int rank) => settings with { Rank = rank },
                _ => throw new FormatException($"'{part}' of '{text}' is unknown; after the compressor come rRANK, {HalfPrecisionMark} and {FeedbackMark}."),
            };
        if (settings.FindProblem() is { } problem) throw new FormatException($"'{text}': {problem}");
        return settings.ToString() == text
            ? settings
            : throw new FormatException($"'{text}' names an option twice or out of order; write '{settings}'.");
    }

    /// <summary>Looks for the first problem.</summary>
    /// <returns>One line that names the setting, the limit and the value; null when there is none.</returns>
    public string? FindProblem()
    {
        if (!CompressorCatalog.Names.Contains(Compressor))
            return $"There is no compressor '{Compressor}'; there are: {string.Join(", ", CompressorCatalog.Names)}.";
        if (Compressor == CompressorCatalog.Dense)
            return Rank == 0 ? null : $"{CompressorCatalog.Dense} sends updates whole and takes no rank; it is {Rank}.";
        return Rank is >= 1 and <= LargestRank ? null : $"The rank of {Compressor} must be in [1, {LargestRank}]; it is {Rank}.";
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Compressor}{(Rank == 0 ? "" : $"-r{Rank}")}{(HalfPrecision ? $"-{HalfPrecisionMark}" : "")}{(UsesErrorFeedback ? $"-{FeedbackMark}" : "")}";
}
