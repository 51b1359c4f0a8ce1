using System.Globalization;

namespace Dmkd.Core.Models;

/// <summary>Reads an architecture from its text form; every family has one, called by the family's name.</summary>
/// <param name="text">Such as <c>mlp(3x32x32;512-256;10)</c>.</param>
public delegate NetworkArchitecture ArchitectureReader(string text);

/// <summary>A usual network for colour images, called by its name on command lines.</summary>
/// <param name="outputs">Outputs, at least 1.</param>
/// <param name="imageSize">Height and width of the images.</param>
public delegate NetworkArchitecture UsualArchitecture(int outputs, int imageSize);

/// <summary>Reads architectures from their text form and knows the usual ones by name.</summary>
public static class ArchitectureCatalog
{
    /// <summary>
    /// Networks for images up to this size start without the strides and pooling meant for photographs.
    /// </summary>
    internal const int MaxSmallImage = 64;

    /// <summary>The families.</summary>
    public static Registry<ArchitectureReader> Families { get; } = new("architecture family");

    /// <summary>The usual networks.</summary>
    public static Registry<UsualArchitecture> Usual { get; } = new("architecture");

    /// <summary>Names that <see cref="Named"/> knows, for command lines.</summary>
    public static IReadOnlyList<string> Names => Usual.Names;

    /// <summary>
    /// Reads what <see cref="object.ToString"/> of an architecture wrote, such as
    /// <c>convnet(3x32x32;24-48-48-48;8)</c>.
    /// </summary>
    /// <exception cref="FormatException">Unknown family or malformed text; the message names it.</exception>
    public static NetworkArchitecture Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int open = text.IndexOf('(', StringComparison.Ordinal);
        string family = open < 0 ? text : text[..open];
        if (open < 0 || !Families.Names.Contains(family))
            throw new FormatException(
                $"Unknown architecture family '{family}' in '{text}'; known: {string.Join(", ", Families.Names)}."
                    + NearNames.Question(family, Families.Names)
            );
        return Families.Find(family)(text);
    }

    /// <summary>A usual network for colour images.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="outputs">Outputs, at least 1.</param>
    /// <param name="imageSize">Height and width of the images.</param>
    /// <exception cref="ArgumentException">Unknown name; the message lists the known ones.</exception>
    public static NetworkArchitecture Named(string name, int outputs, int imageSize = 32) =>
        Usual.Find(name)(outputs, imageSize);
}

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
                $"'{text}' is no {text.Split('(')[0]}: {RefusalText.Of(e)} Expected, for example, {example}.",
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

    /// <summary>Reads a whole number, not negative.</summary>
    /// <exception cref="FormatException">It is none, or too large for any network.</exception>
    public static int Number(string text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return number;
        if (text.Length == 0)
            throw new FormatException("A number is missing.");
        throw new FormatException(
            text.All(char.IsAsciiDigit) ? $"{text} is too large." : $"'{text}' is no whole number."
        );
    }

    public static int[] Numbers(string text, char separator) => [.. text.Split(separator).Select(Number)];

    /// <summary>Reads <c>1.2-3.4</c>.</summary>
    public static int[][] NumberLists(string text) => [.. text.Split('-').Select(list => Numbers(list, '.'))];

    /// <summary>Writes what <see cref="NumberLists"/> reads.</summary>
    public static string Join(IEnumerable<IEnumerable<int>> lists) =>
        string.Join('-', lists.Select(list => string.Join('.', list)));
}
