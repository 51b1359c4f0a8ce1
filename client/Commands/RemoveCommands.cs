using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Experts;
using Dmkd.Contracts.Libraries;
using Dmkd.Contracts.Preservation;
using Dmkd.Contracts.Runs;
using Spectre.Console;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd runs remove</c>: a run with its library, from the place where it is stored.</summary>
internal sealed class RunsRemoveCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _id = RunsCommand.IdArgument();
    private readonly Removal _removal = new();

    public RunsRemoveCommand()
        : base(
            "remove",
            "Remove a run with its nodes and the modules of its library, or a library made by preserve; it cannot be "
                + "taken back"
        )
    {
        Arguments.Add(_id);
        Options.Add(_removal.Yes);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        string id = parsed.GetValue(_id)!;
        var preservation = cluster.Grains.GetGrain<IPreservationGrain>(id);
        var known = await cluster.Reader.ListRunsAsync(cancellationToken);
        bool isPreserved =
            known.Any(summary => summary.RunId == id)
            && await cluster.Reader.GetSettingsAsync(id, cancellationToken) is null;
        if (!isPreserved)
            _ = await FoundRun.OfAsync(cluster.Reader, id, _common.Place(parsed), cancellationToken);
        string what = isPreserved ? $"library {id}" : $"run {id} and its library";
        if (!await _removal.IsWantedAsync(_common, parsed, what, cancellationToken))
            throw new RunStoppedException($"Nothing is removed of {what}.");
        var removed = await Removal.DoAsync(RemoveAsync, cancellationToken);
        var document = new
        {
            RunId = id,
            removed.Modules,
            removed.Nodes,
        };
        await JsonOutput.AnswerAsync(
            _common.Json(parsed),
            document,
            isPreserved
                ? $"library {id} is removed: {removed.Modules} modules"
                : $"run {id} is removed: {removed.Modules} modules, {removed.Nodes} nodes"
        );
        return ExitCode.Success;

        Task<RemovedRun> RemoveAsync() =>
            isPreserved
                ? preservation.RemoveAsync(cancellationToken)
                : cluster.Grains.GetGrain<ITrainingRunGrain>(id).RemoveAsync(cancellationToken);
    }
}

/// <summary><c>dmkd modules remove</c>: a module with all its versions.</summary>
internal sealed class ModulesRemoveCommand : Command
{
    private const int MaxClasses = 4;
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _name = ModulesCommand.NameArgument();
    private readonly Option<string?> _library = ModulesCommand.LibraryOption();
    private readonly Removal _removal = new();

    public ModulesRemoveCommand()
        : base(
            "remove",
            "Remove a module with all its versions; its library answers without its classes, and it cannot be taken "
                + "back"
        )
    {
        Arguments.Add(_name);
        Options.Add(_library);
        Options.Add(_removal.Yes);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var module = (
            await Libraries.FindAsync(
                cluster.Reader,
                parsed.GetValue(_library),
                parsed.GetValue(_name)!,
                cancellationToken
            )
        ).Descriptor;
        string classes = Figures.First(MaxClasses, module.ClassNames);
        bool isExpert = module.Role is ModuleRole.Expert;
        string what = isExpert ? $"module {module.Key}, which knows {classes}," : $"module {module.Key}";
        if (!await _removal.IsWantedAsync(_common, parsed, what, cancellationToken))
            throw new RunStoppedException($"Module {module.Key} stays.");
        var catalog = cluster.Grains.GetGrain<IModuleCatalogGrain>(module.Library);
        int versions = await Removal.DoAsync(
            () => catalog.RemoveModuleAsync(module.Name, cancellationToken),
            cancellationToken
        );
        var document = new
        {
            module.Library,
            Module = module.Name,
            Versions = versions,
        };
        await JsonOutput.AnswerAsync(
            _common.Json(parsed),
            document,
            $"module {module.Key} is removed: {versions} versions"
                + (isExpert ? $"; library {module.Library} knows no more of {classes}" : "")
        );
        return ExitCode.Success;
    }
}

/// <summary>What commands that remove have in common.</summary>
internal sealed class Removal
{
    /// <summary>Answers the question.</summary>
    public Option<bool> Yes { get; } =
        new("--yes") { Description = "Remove without asking; required where nobody can be asked" };

    /// <summary>Asks, unless it was answered.</summary>
    /// <exception cref="BadInputException">Nobody can be asked.</exception>
    public async Task<bool> IsWantedAsync(
        CommonOptions common,
        ParseResult parsed,
        string what,
        CancellationToken cancellationToken
    )
    {
        if (parsed.GetValue(Yes))
            return true;
        if (common.Json(parsed) || Console.IsInputRedirected || Console.IsOutputRedirected)
            throw new BadInputException($"To remove {what} from {common.Place(parsed)} needs {Yes.Name}.");
        var question = new ConfirmationPrompt(Markup.Escape($"Remove {what} from {common.Place(parsed)}?"))
        {
            DefaultValue = false,
        };
        return await question.ShowAsync(Consoles.Create(json: false), cancellationToken);
    }

    /// <summary>Removes; what is in use is refused.</summary>
    /// <exception cref="BadInputException">It is in use; says by whom.</exception>
    public static async Task<T> DoAsync<T>(Func<Task<T>> remove, CancellationToken cancellationToken)
    {
        try
        {
            return await Retried.AskAsync(remove, cancellationToken);
        }
        catch (InvalidOperationException e) when (e is not ObjectDisposedException)
        {
            throw new BadInputException(e.Message);
        }
    }
}
