using System.CommandLine;
using Dmkd.Client.Commands;
using Dmkd.Client.Errors;
using Dmkd.Core;
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
    /// <summary>Time a stopped command gets to leave its folder in order.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);

    public static async Task<int> InvokeAsync(string[] args)
    {
        var root = new RootCommand(
            "DMKD turns deprecated networks into a library of expert modules that many machines keep training together."
        )
        {
            new RunCommand(),
            new PreserveCommand(),
            new RunsCommand(),
            new NodesCommand(),
            new ModulesCommand(),
            new LibraryCommand(),
            new WeightsCommand(),
            new PredictCommand(),
            new EvaluateCommand(),
            new ConvertCommand(),
            new ExperimentCommand(),
            new CertsCommand(),
            new AuditCommand(),
            new DoctorCommand(),
            new ReferenceCommand(),
        };
        var parsed = root.Parse(args);
        if (parsed.Errors.Count > 0)
            return Report(ExitCode.BadInput, ProblemOf(parsed) + " See --help.");
        using var cancellation = new CancellationTokenSource();
        try
        {
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = StopLimit,
                },
                cancellation.Token
            );
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
            return exitCode;
        }
        catch (Exception e)
            when (e
                    is BadInputException
                        or DatasetException
                        or CheckpointFormatException
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
                        or WeightStoreException
                        or ClusterDatabaseException
                        or AccessRefusedException
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
    /// What is wrong with the command line; a word that nothing takes explains more than what is missing because of it.
    /// </summary>
    private static string ProblemOf(ParseResult parsed) =>
        parsed.UnmatchedTokens.Count > 0
            ? $"Unrecognized command or argument '{parsed.UnmatchedTokens[0]}'."
            : parsed.Errors[0].Message;

    private static int Report(int exitCode, string message)
    {
        Console.Error.WriteLine($"dmkd: {OneLine.Escaped(message.ReplaceLineEndings(" "))}");
        return exitCode;
    }
}
