using System.CommandLine;

namespace Dmkd.Client.Errors;

/// <summary>Turns a refusal of the user's own words into bad input.</summary>
internal static class Bad
{
    /// <summary>
    /// The value, or bad input with the refusal's words; the names of C# parameters and settings are not for users.
    /// </summary>
    /// <param name="value">What may be refused.</param>
    /// <param name="options">Settings that a refusal may name, and the options that they come from.</param>
    public static T InputUnless<T>(Func<T> value, params IEnumerable<(string Setting, Option Option)> options)
    {
        try
        {
            return value();
        }
        catch (ArgumentException e)
        {
            string message = WithoutParameter(e);
            throw new BadInputException(
                options.Aggregate(
                    message,
                    (text, known) => text.Replace(known.Setting, known.Option.Name, StringComparison.Ordinal)
                )
            );
        }
    }

    /// <summary>A refusal's words, without the name of a C# parameter.</summary>
    public static string WithoutParameter(Exception e) =>
        e is ArgumentException { ParamName: { } name }
            ? e.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)
            : e.Message;
}
