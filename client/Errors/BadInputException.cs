using System.CommandLine;
using Dmkd.Core;

namespace Dmkd.Client.Errors;

/// <summary>The user asked for something that cannot be; the message is one line that says what and why.</summary>
internal sealed class BadInputException(string message) : Exception(message);

/// <summary>Long work was stopped; the message says how to go on with it.</summary>
internal sealed class RunStoppedException(string message) : OperationCanceledException(message)
{
    /// <summary>What is said when nothing goes on.</summary>
    public const string BeforeAnything = "Stopped; nothing was stored yet.";

    /// <summary>The user stopped work, or left it to a cluster.</summary>
    /// <param name="what">The work.</param>
    /// <param name="command">What goes on with it.</param>
    /// <param name="goesOn">Whether a cluster goes on with it by itself.</param>
    public static RunStoppedException Of(string what, string command, bool goesOn) =>
        new(
            goesOn
                ? $"Left. The cluster goes on with the {what}; follow it with: dmkd {command}"
                : $"Stopped. The {what} goes on with: dmkd {command}"
        );
}

/// <summary>What the program tells the shell. Stable; documented in docs/reference/exit-codes.md.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>The work failed on the way.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the data it names is wrong; nothing was stored.</summary>
    public const int BadInput = 2;

    /// <summary>Stopped by Ctrl-C or a signal; a run can be resumed.</summary>
    public const int Cancelled = 130;
}

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
            string message = RefusalText.Of(e);
            throw new BadInputException(
                options.Aggregate(
                    message,
                    (text, known) => text.Replace(known.Setting, known.Option.Name, StringComparison.Ordinal)
                )
            );
        }
    }
}
