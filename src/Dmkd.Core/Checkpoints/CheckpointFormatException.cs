namespace Dmkd.Core.Checkpoints;

/// <summary>
/// A checkpoint's bytes are not what its format allows. The message is one line that names the file or tensor, the limit and the value.
/// </summary>
public sealed class CheckpointFormatException : Exception
{
    private const int LongestQuote = 100;

    /// <summary>Describes the problem.</summary>
    /// <param name="message">One line.</param>
    /// <param name="innerException">What the parser said, or null.</param>
    public CheckpointFormatException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    /// <summary>Quotes a name that comes from the file: shortened, and without characters that would break the line.</summary>
    internal static string Quote(string text)
    {
        string start = text.Length <= LongestQuote ? text : text[..LongestQuote] + "...";
        return $"'{string.Concat(start.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c))}'";
    }
}
