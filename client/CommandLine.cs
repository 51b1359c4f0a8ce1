using System.CommandLine;
using System.CommandLine.Parsing;
using Dmkd.Client.Commands;
using Dmkd.Client.Errors;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Libraries;
using Dmkd.Core;
using Dmkd.Core.Devices;
using Dmkd.Core.Models;
using Dmkd.Core.Tensors;
using Dmkd.Data.Images;
using Dmkd.Experiments.Plans;
using Dmkd.Experiments.Protocol;
using Dmkd.Hosting.Clustering;
using Dmkd.Hosting.Security;
using Dmkd.Hosting.Storage;
using Dmkd.Serving;

namespace Dmkd.Client;

/// <summary>The commands, and the one place where errors become a line and an exit code.</summary>
internal static class CommandLine
{
    private const string Reference = "reference";
    private const int Terminated = 128 + 15; // as System.CommandLine ends when a command takes too long to stop

    /// <summary>Time a stopped command gets to leave its folder in order.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);

    /// <summary>The commands by their names, in the order of the help.</summary>
    private static readonly OrderedDictionary<string, Func<Command>> Known = new()
    {
        ["run"] = () => new RunCommand(),
        ["learn"] = () => new LearnCommand(),
        ["preserve"] = () => new PreserveCommand(),
        ["runs"] = () => new RunsCommand(),
        ["nodes"] = () => new NodesCommand(),
        ["modules"] = () => new ModulesCommand(),
        ["library"] = () => new LibraryCommand(),
        ["weights"] = () => new WeightsCommand(),
        ["predict"] = () => new PredictCommand(),
        ["evaluate"] = () => new EvaluateCommand(),
        ["convert"] = () => new ConvertCommand(),
        ["experiment"] = () => new ExperimentCommand(),
        ["certs"] = () => new CertsCommand(),
        ["audit"] = () => new AuditCommand(),
        ["doctor"] = () => new DoctorCommand(),
        [Reference] = () => new ReferenceCommand(),
    };

    public static async Task<int> InvokeAsync(string[] args)
    {
        var root = RootFor(args);
        var parsed = root.Parse(Repeats.Removed(root, args));
        if (parsed.Errors.Count > 0)
            return Report(ExitCode.BadInput, ProblemOf(parsed) + " See --help.");
        if (EmptyOf(parsed) is { } empty)
            return Report(ExitCode.BadInput, $"{empty} is empty; give a value, or leave it out.");
        using var cancellation = new CancellationTokenSource();
        try
        {
            if (Computes(parsed))
                TorchRuntime.EnsureLoaded();
            EarlySignals.Leave();
            int code = await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = StopLimit,
                },
                cancellation.Token
            );
            return code is ExitCode.Cancelled or Terminated
                ? Report(ExitCode.Cancelled, "Stopped before all parts could end; what is stored counts.")
                : code;
        }
        catch (RunStoppedException e)
        {
            return Report(ExitCode.Cancelled, e.Message);
        }
        catch (OperationCanceledException)
        {
            return Report(ExitCode.Cancelled, "Stopped.");
        }
        catch (CheckpointMismatchException e)
        {
            int exitCode = Report(ExitCode.BadInput, e.Message);
            await Console.Error.WriteLineAsync(e.Table());
            if (e.Missing.Count + e.WronglyShaped.Count == 0)
                Notice.Hint("--ignore PATTERN leaves out tensors that are no weights of the network");
            return exitCode;
        }
        catch (Exception e)
            when (e
                    is BadInputException
                        or DatasetException
                        or CheckpointFormatException
                        or NoFiniteAnswerException
                        or LibraryArchiveException
                        or PlanException
                        or CertificateException
            )
        {
            return Report(ExitCode.BadInput, e.Message);
        }
        catch (Exception e)
            when (e
                    is RunFailedException
                        or ConvolutionException
                        or StoredStateException
                        or WeightStoreException
                        or ClusterDatabaseException
                        or AccessRefusedException
                        or DllNotFoundException
                        or PlatformNotSupportedException
                        or MessageSizeException
                        or IOException
                        or UnauthorizedAccessException
            )
        {
            return Report(ExitCode.Failed, e.Message);
        }
#pragma warning disable CA1031 // the last stop: a person gets a line, and the details on request
        catch (Exception e)
        {
            return Report(
                ExitCode.Failed,
                $"Unexpected {e.GetType().Name}: "
                    + $"{(args.Contains("--verbose") ? e.ToString() : e.Message
 + " (--verbose tells more)")}"
            );
        }
#pragma warning restore CA1031
    }

    /// <summary>
    /// The program's command with the one that is named first, or with all when none is: to read the annotations of all
    /// settings takes longer than to look at a library. The reference lists all.
    /// </summary>
    internal static RootCommand RootFor(string[] args)
    {
        var root = new RootCommand(
            "DMKD turns deprecated networks into a library of expert modules that many machines keep training together."
        );
        IEnumerable<Func<Command>> wanted = Known.Values;
        if (args is [var first and not Reference, ..] && Known.TryGetValue(first, out var named))
            wanted = [named];
        foreach (var make in wanted)
            root.Subcommands.Add(make());
        HelpText.Attach(root);
        return root;
    }

    /// <summary>
    /// Whether a command may touch tensors: all but help and version, and those that say that they do not. Libtorch is
    /// loaded before: TorchSharp would look for a copy of its own.
    /// </summary>
    private static bool Computes(ParseResult parsed)
    {
        if (parsed.Action != parsed.CommandResult.Command.Action)
            return false;
        for (SymbolResult? at = parsed.CommandResult; at is CommandResult { Command: var command }; at = at.Parent)
        {
            if (command is IWithoutTensors)
                return false;
        }

        return true;
    }

    /// <summary>
    /// What is wrong with the command line; a word that nothing takes explains more than what is missing because of it.
    /// </summary>
    private static string ProblemOf(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens.Count == 0)
            return parsed.Errors[0].Message;
        string word = parsed.UnmatchedTokens[0];
        string? meant = Misspelling.Meant(word, parsed.CommandResult.Command);
        return $"Unrecognized command or argument '{OneLine.Of(word)}'.{(meant is null ? "" : $" Did you mean {meant}?")}";
    }

    /// <summary>An option or argument with nothing in it, as a script's unset variable leaves it; null when there is none.</summary>
    private static string? EmptyOf(ParseResult parsed)
    {
        foreach (var symbol in parsed.CommandResult.Children)
        {
            if (!symbol.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
                continue;
            return symbol is OptionResult option ? option.Option.Name : $"<{((ArgumentResult)symbol).Argument.Name}>";
        }

        return null;
    }

    private static int Report(int exitCode, string message)
    {
        Console.Error.WriteLine($"dmkd: {OneLine.Escaped(message.ReplaceLineEndings(" "))}");
        return exitCode;
    }
}

/// <summary>Words of a command line that are nearly right.</summary>
internal static class Misspelling
{
    /// <summary>The command or option that a word may stand for; null when none is near.</summary>
    public static string? Meant(string word, Command command) =>
        NearNames.Of(
            word,
            command.Options.Select(option => option.Name).Concat(command.Subcommands.Select(known => known.Name))
        );
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
