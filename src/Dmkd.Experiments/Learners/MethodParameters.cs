using System.Globalization;
using Dmkd.Core;
using Dmkd.Core.Settings;

namespace Dmkd.Experiments.Learners;

/// <summary>The parameters of one method, by name, as an experiment file gives them.</summary>
/// <param name="method">The method, for messages.</param>
/// <param name="values">Texts by parameter name, such as "strength" and "0.5".</param>
public sealed class MethodParameters(string method, IReadOnlyDictionary<string, string> values)
{
    private readonly HashSet<string> _read = [];

    /// <summary>Reads a number.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="fallback">Its value when it is not given.</param>
    /// <param name="least">Smallest allowed value.</param>
    /// <param name="most">Largest allowed value.</param>
    /// <exception cref="MethodParameterException">It is no number, or out of its range.</exception>
    public double Number(string name, double fallback, double least, double most)
    {
        if (Find(name) is not { } text)
            return fallback;
        return NumberText.TryRead(text, out double value) && value >= least && value <= most
            ? value
            : throw new MethodParameterException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{method}: {name} must be a number in [{least}, {most}], not '{text}'."
                )
            );
    }

    /// <summary>Reads a count.</summary>
    /// <inheritdoc cref="Number"/>
    public int Count(string name, int fallback, int least, int most)
    {
        double value = Number(name, fallback, least, most);
        return value == Math.Floor(value)
            ? (int)value
            : throw new MethodParameterException(
                string.Create(CultureInfo.InvariantCulture, $"{method}: {name} must be a whole number, not {value}.")
            );
    }

    /// <summary>Reads one of some names.</summary>
    /// <param name="name">The parameter.</param>
    /// <param name="fallback">Its value when it is not given.</param>
    /// <param name="names">The values there are.</param>
    /// <exception cref="MethodParameterException">It is none of them.</exception>
    public string OneOf(string name, string fallback, IReadOnlyCollection<string> names)
    {
        if (Find(name) is not { } text)
            return fallback;
        return names.Contains(text)
            ? text
            : throw new MethodParameterException(
                $"{method}: {name} must be one of {string.Join(", ", names)}, not '{text}'."
            );
    }

    /// <summary>Reads a text as it is; null when it is not given.</summary>
    /// <param name="name">The parameter.</param>
    public string? Text(string name) => Find(name);

    /// <summary>Refuses parameters that nobody read: a misspelt name must not pass for a default.</summary>
    /// <exception cref="MethodParameterException">Names the first of them, and those the method has.</exception>
    public void RequireAllRead()
    {
        string? unknown = values.Keys.Order(StringComparer.Ordinal).FirstOrDefault(name => !_read.Contains(name));
        if (unknown is null)
            return;
        string[] known = [.. _read.Order(StringComparer.Ordinal)];
        string listed = known.Length == 0 ? "none" : NearNames.Listed(unknown, known);
        throw new MethodParameterException(
            $"{method} has no parameter '{unknown}'; it has: {listed}.{NearNames.Question(unknown, known)}"
        );
    }

    private string? Find(string name)
    {
        _read.Add(name);
        return values.GetValueOrDefault(name);
    }
}

/// <summary>
/// A method was given a parameter that it does not have, or a value out of its range; the message names both.
/// </summary>
public sealed class MethodParameterException(string message) : Exception(message);
