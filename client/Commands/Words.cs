using System.CommandLine;
using System.CommandLine.Parsing;

namespace Dmkd.Client.Commands;

/// <summary>Words of a command line that are nearly right.</summary>
internal static class Misspelling
{
    private const int MaxDistance = 2;

    /// <summary>The command or option that a word may stand for; null when none is near.</summary>
    public static string? Meant(string word, Command command)
    {
        var (nearest, distance) = command
            .Options.Select(option => option.Name)
            .Concat(command.Subcommands.Select(known => known.Name))
            .Select(name => (Name: name, Distance: Quickenshtein.Levenshtein.GetDistance(word, name)))
            .OrderBy(known => known.Distance)
            .ThenBy(known => known.Name, StringComparer.Ordinal)
            .FirstOrDefault((Name: "", Distance: int.MaxValue));
        // a word that is the name stands where none is taken, such as after --
        return distance > 0 && distance <= Math.Min(MaxDistance, word.Length / 2) ? nearest : null;
    }
}

/// <summary>Options that are given more than once: the last counts, so that a script's can be overruled.</summary>
internal static class Repeats
{
    /// <summary>The command line without what is overruled later.</summary>
    public static string[] Removed(RootCommand root, string[] args)
    {
        var repeated = root.Parse(args)
            .CommandResult.Children.OfType<OptionResult>()
            .Where(result => result.IdentifierTokenCount > 1 && result.Option.Arity.MaximumNumberOfValues == 1)
            .Select(result => result.Option);
        List<string> kept = [.. args];
        foreach (var option in repeated)
            KeepLast(kept, option);
        return [.. kept];
    }

    private static void KeepLast(List<string> args, Option option)
    {
        for (int i = args.FindLastIndex(arg => Names(arg, option)) - 1; i >= 0; i--)
        {
            if (!Names(args[i], option))
                continue;
            bool hasOwnValue = args[i].Contains('=', StringComparison.Ordinal) || option.ValueType == typeof(bool);
            args.RemoveRange(i, hasOwnValue ? 1 : 2);
        }
    }

    private static bool Names(string arg, Option option) =>
        arg == option.Name || arg.StartsWith(option.Name + "=", StringComparison.Ordinal);
}
