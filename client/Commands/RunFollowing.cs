using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Experiments.Protocol;

namespace Dmkd.Client.Commands;

/// <summary>What commands do with a run that was started: follow it to its end, or leave it to the cluster.</summary>
internal sealed class RunFollowing(CommonOptions common, ParseResult parsed)
{
    private readonly RunView _view = new(common.Json(parsed));

    /// <summary>Number of the last event that the user knows: lines follow it.</summary>
    public long Known { get; set; }

    /// <summary>The option by which a run is left to its cluster.</summary>
    public static Option<bool> DetachOption() =>
        new("--detach") { Description = "Print the run's id once it is stored, and leave it to the cluster" };

    /// <summary>Whether the run is to be left to its cluster.</summary>
    /// <exception cref="BadInputException">There is no cluster to leave it to.</exception>
    public bool Detaches(Option<bool> option)
    {
        if (!parsed.GetValue(option))
            return false;
        return common.IsCluster(parsed)
            ? true
            : throw new BadInputException(
                $"{option.Name} needs a cluster: a run inside the console ends with it. Name one by "
                    + $"--cluster, or leave {option.Name} out."
            );
    }

    /// <summary>Prints a run's id, and on standard error how to follow it.</summary>
    public async Task LeaveAsync(FoundRun run, CancellationToken cancellationToken)
    {
        if (common.Json(parsed))
            JsonOutput.Write(RunStatusDocument.Of(run, await run.ProgressAsync(long.MaxValue, cancellationToken)));
        else
            await Console.Out.WriteLineAsync(run.RunId);
        await Console.Error.WriteLineAsync(
            $"dmkd: the cluster goes on with the run; follow it with: dmkd runs watch {run.RunId} {common.PlaceOptions(parsed)}"
        );
    }

    /// <summary>Follows a run and prints its result, without baselines.</summary>
    /// <param name="cluster">Where it is.</param>
    /// <param name="run">The run.</param>
    /// <param name="verb">What is done with it, in one word, for the first line.</param>
    /// <param name="cancellationToken">Ends the following.</param>
    public async Task ToTheEndAsync(ICluster cluster, FoundRun run, string verb, CancellationToken cancellationToken)
    {
        _view.Begin(run.RunId, run.Settings, common.StorageOf(parsed), verb);
        var report = await AwaitAsync(_view, run.In(cluster), run.RunId, run.Settings, cancellationToken);
        _view.End(report, []);
        if (common.Json(parsed))
            JsonOutput.Write(_view.DocumentOf(report, []));
        RunView.RequireLearned(report);
    }

    /// <summary>Follows a run.</summary>
    /// <exception cref="RunStoppedException">The user left, or somebody stopped the run.</exception>
    public async Task<RunReport> AwaitAsync(
        RunView view,
        ITrainingRunGrain run,
        string runId,
        RunSettings settings,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var followed = new DmkdRun(run, TimeProvider.System) { Known = Known };
            return await view.FollowAsync(followed, settings, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw Left(runId);
        }
        catch (RunHaltedException e)
        {
            throw new RunStoppedException(
                $"The run was stopped {e.Where}. It goes on with: dmkd runs resume {runId} {common.PlaceOptions(parsed)}"
            );
        }
    }

    /// <summary>What is said to a user who leaves.</summary>
    public RunStoppedException Left(string runId)
    {
        string command = common.IsCluster(parsed) ? $"runs watch {runId}" : $"run --resume {runId}";
        return RunStoppedException.Of("run", $"{command} {common.PlaceOptions(parsed)}", common.IsCluster(parsed));
    }
}
