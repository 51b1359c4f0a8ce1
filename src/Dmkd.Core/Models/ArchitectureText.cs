using System.Globalization;

namespace Dmkd.Core.Models;

/// <summary>Reads the text forms of architectures: <c>family(argument;argument;...)</c>.</summary>
internal static class ArchitectureText
{
    /// <summary>Reads a text, or says that it is malformed.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="example">A correct text of the family.</param>
    /// <param name="read">Makes the architecture of the arguments.</param>
    public static NetworkArchitecture Read(string text, string example, Func<string[], NetworkArchitecture> read)
    {
        try
        {
            if (text[^1] != ')')
                throw new FormatException("It does not end with ')'.");
            return read(text[(text.IndexOf('(', StringComparison.Ordinal) + 1)..^1].Split(';'));
        }
        catch (Exception e)
            when (e is ArgumentException or FormatException or IndexOutOfRangeException or OverflowException)
        {
            throw new FormatException(
                $"'{text}' is no {text.Split('(')[0]}: {e.Message} Expected, for example, {example}.",
                e
            );
        }
    }

    /// <summary>Throws unless there are as many arguments as there should be.</summary>
    public static void Count(string[] arguments, int expected)
    {
        if (arguments.Length != expected)
            throw new FormatException($"It has {arguments.Length} arguments instead of {expected}.");
    }

    /// <summary>Reads <c>channels x size x size</c>.</summary>
    public static (int Channels, int Size) Input(string text)
    {
        int[] input = Numbers(text, 'x');
        if (input.Length != 3 || input[1] != input[2])
            throw new FormatException($"'{text}' is no input of channels x size x size.");
        return (input[0], input[1]);
    }

    public static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);

    public static int[] Numbers(string text, char separator) => [.. text.Split(separator).Select(Number)];

    /// <summary>Reads <c>1.2-3.4</c>.</summary>
    public static int[][] NumberLists(string text) => [.. text.Split('-').Select(list => Numbers(list, '.'))];

    /// <summary>Writes what <see cref="NumberLists"/> reads.</summary>
    public static string Join(IEnumerable<IEnumerable<int>> lists) =>
        string.Join('-', lists.Select(list => string.Join('.', list)));
}
