using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Nodes;
using Dmkd.Contracts.Runs;
using Dmkd.Contracts.Settings;
using Dmkd.Hosting.Telemetry;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd learn</c>: a library learns classes that it does not know yet, from the nodes that have them.</summary>
internal sealed class LearnCommand : Command
{
    private const char Separator = ',';

    private readonly CommonOptions _common = new();
    private readonly Argument<string> _name = LibraryCommand.NameArgument();
    private readonly Option<string> _classes = new("--classes")
    {
        Description = "Classes to learn, as the nodes call them, such as dog,elephant,giraffe",
        Required = true,
    };
    private readonly Option<string?> _nodes = new("--nodes")
    {
        Description = "Nodes that teach, such as clinic-a,clinic-b; all that have any of the classes when not given",
    };
    private readonly Option<int?> _rounds = new Option<int?>("--rounds")
    {
        Description = "Rounds of local updates; as many as before when not given",
    }.WithNumbers();
    private readonly Option<bool> _detach = RunFollowing.DetachOption();

    public LearnCommand()
        : base("learn", "Have a library learn new classes from the nodes that parties offer")
    {
        Arguments.Add(_name);
        Options.Add(_classes);
        Options.Add(_nodes);
        Options.Add(_rounds);
        Options.Add(_detach);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        string name = parsed.GetValue(_name)!;
        var lesson = new Lesson(Split(parsed.GetValue(_classes)), Split(parsed.GetValue(_nodes)))
        {
            Rounds = parsed.GetValue(_rounds),
        };
        if (lesson.Rounds is { } rounds and (< 1 or > Lesson.MaxRounds))
            throw new BadInputException($"{_rounds.Name} must be in [1, {Lesson.MaxRounds}], not {rounds}.");
        var following = new RunFollowing(_common, parsed);
        bool detaches = following.Detaches(_detach);
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        using var activity = DmkdTelemetry.StartCommand("dmkd learn", name);
        var run = cluster.Grains.GetGrain<ITrainingRunGrain>(name);
        var look = await Retried.AskAsync(() => run.GetProgressAsync(0, cancellationToken), cancellationToken);
        following.Known = look.Events.Length == 0 ? 0 : look.Events[^1].Sequence; // of earlier lessons
        int before = 0;
        await Retried.BeginAsync(
            async () => before = await run.LearnAsync(lesson, cancellationToken),
            $"library show {name} {_common.PlaceOptions(parsed)}",
            cancellationToken
        );
        var settings = await Retried.AskAsync(() => run.GetSettingsAsync(cancellationToken), cancellationToken);
        if (before == 0 && lesson.Nodes.Length == 0)
            Notice.All(await AwayAsync(cluster, settings!.Library!, cancellationToken));
        if (detaches)
        {
            await following.LeaveAsync(new FoundRun(cluster.Reader, name, settings!, null), cancellationToken);
            return ExitCode.Success;
        }

        var view = new LessonView(_common.Json(parsed));
        view.Begin(name, lesson, settings!.Library!, before);
        var report = await following.AwaitAsync(
            new RunView(_common.Json(parsed)),
            run,
            name,
            settings,
            cancellationToken
        );
        view.End(report);
        if (_common.Json(parsed))
            JsonOutput.Write(LessonView.DocumentOf(report));
        RunView.RequireLearned(report);
        return ExitCode.Success;
    }

    /// <summary>Names nodes that have classes of the lesson, and are away: they do not teach it.</summary>
    private static async Task<IReadOnlyList<string>> AwayAsync(
        ICluster cluster,
        LibraryPlan plan,
        CancellationToken cancellationToken
    )
    {
        var directory = cluster.Grains.GetGrain<INodeDirectoryGrain>(INodeDirectoryGrain.Key);
        var offered = await Retried.AskAsync(() => directory.ListAsync(cancellationToken), cancellationToken);
        var task = plan.Tasks[^1];
        string[] teachers = [.. task.Nodes.Select(node => plan.Nodes[node])];
        string[] away =
        [
            .. offered
                .Select(node => node.Offer)
                .Where(offer => !teachers.Contains(offer.Name))
                .Where(offer => offer.Classes.Zip(offer.TrainCounts).Any(IsTaught))
                .Select(offer => offer.Name),
        ];
        return away.Length == 0 ? [] : [$"away, and not asked: {string.Join(", ", away)}"];

        bool IsTaught((string Name, int Count) own) =>
            task.Classes.Contains(own.Name) && own.Count >= plan.MinClassCount;
    }

    private static string[] Split(string? names) =>
        names?.Split(Separator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
}
