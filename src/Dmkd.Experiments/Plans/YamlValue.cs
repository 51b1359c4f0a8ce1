using System.Globalization;
using Dmkd.Core.Settings;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Dmkd.Experiments.Plans;

/// <summary>A value of an experiment file that knows where it stands.</summary>
/// <param name="File">The file, for messages.</param>
/// <param name="Path">Its key with those above it, such as "budget.rounds".</param>
/// <param name="Node">What YAML made of it.</param>
internal sealed record YamlValue(string File, string Path, YamlNode Node)
{
    /// <summary>The line, from 1.</summary>
    public int Line => (int)Node.Start.Line;

    /// <summary>Whether it is a mapping of keys.</summary>
    public bool IsMap => Node is YamlMappingNode;

    /// <summary>Whether it is a list.</summary>
    public bool IsList => Node is YamlSequenceNode;

    /// <summary>Whether nothing is written after the key.</summary>
    public bool IsEmpty => Node is YamlScalarNode { Value: null or "" };

    /// <summary>A text.</summary>
    /// <exception cref="PlanException">It is none.</exception>
    public string Text() =>
        Node is YamlScalarNode { Value: { Length: > 0 } text } ? text : throw Refuse("must be a single value");

    /// <summary>
    /// A text in the one spelling that names of cells are made from: numbers without spare digits, yes or no.
    /// </summary>
    public string Canonical()
    {
        string text = Text();
        if (text is "true" or "True" or "yes" or "Yes")
            return "yes";
        if (text is "false" or "False" or "no" or "No")
            return "no";
        if (IsOctal(text))
            throw Refuse($"must be a number without zeros before it, not '{text}', which some take for octal");
        return NumberText.TryRead(text, out double number) ? Spelled(number) : text;
    }

    /// <summary>A number in its one spelling.</summary>
    public static string Spelled(double number) => number.ToString("R", CultureInfo.InvariantCulture);

    /// <summary>A number.</summary>
    /// <exception cref="PlanException">It is none, or out of its range.</exception>
    public double Number(double least, double most)
    {
        string text = Canonical();
        return NumberText.TryRead(text, out double value) && value >= least && value <= most
            ? value
            : throw Refuse(
                string.Create(CultureInfo.InvariantCulture, $"must be a number in [{least}, {most}], not '{Text()}'")
            );
    }

    /// <summary>A whole number.</summary>
    /// <inheritdoc cref="Number"/>
    public int Count(double least, double most)
    {
        double value = Number(least, most);
        return value == Math.Floor(value) ? (int)value : throw Refuse($"must be a whole number, not '{Text()}'");
    }

    /// <summary>A number within a setting's own limits.</summary>
    public int Count(string setting)
    {
        var range = SettingRange.Of(setting);
        return Count(range.Min, range.Max);
    }

    /// <summary>The values of a list, at least one of them.</summary>
    /// <exception cref="PlanException">It is none, or empty.</exception>
    public IReadOnlyList<YamlValue> List() =>
        Node is YamlSequenceNode { Children.Count: > 0 } list
            ? [.. list.Children.Select((child, index) => new YamlValue(File, $"{Path}[{index + 1}]", child))]
            : throw Refuse("must be a list of at least one value, such as [1, 2, 3]");

    /// <summary>The keys of a mapping.</summary>
    /// <exception cref="PlanException">It is none.</exception>
    public YamlMap Map() =>
        Node is YamlMappingNode map
            ? new YamlMap(this, map)
            : throw Refuse("must be a mapping of keys, such as { key: value }");

    /// <summary>A refusal that says where.</summary>
    /// <param name="problem">What follows the key, without its full stop.</param>
    public PlanException Refuse(string problem)
    {
        string end = problem.EndsWith('?') ? "" : ".";
        return new PlanException($"{File}:{Line}: {Path} {problem}{end}");
    }

    // YAML 1.1 reads 010 as 8, YAML 1.2 as 10.
    private bool IsOctal(string text) =>
        Node is YamlScalarNode { Style: ScalarStyle.Plain }
        && text.TrimStart('-', '+') is ['0', >= '0' and <= '9', ..] digits
        && digits.All(char.IsAsciiDigit);
}
