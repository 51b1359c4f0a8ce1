using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Hosting;
using Dmkd.Client.Rendering;
using Dmkd.Contracts.Libraries;
using Spectre.Console;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd runs remove</c>: a run with its library, from the place where it is stored.</summary>
internal sealed class RunsRemoveCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _id = RunsCommand.IdArgument();
    private readonly Removal _removal = new();

    public RunsRemoveCommand()
        : base("remove", "Remove a run with its nodes and the modules of its library; it cannot be taken back")
    {
        Arguments.Add(_id);
        Options.Add(_removal.Yes);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var cluster = await _common.OpenAsync(parsed, cancellationToken);
        var run = await FoundRun.OfAsync(
            cluster.Reader,
            parsed.GetValue(_id)!,
            _common.Place(parsed),
            cancellationToken
        );
        if (!await _removal.IsWantedAsync(_common, parsed, $"run {run.RunId} and its library", cancellationToken))
            return ExitCode.Cancelled;
        var removed = await Removal.DoAsync(() => run.In(cluster).RemoveAsync(cancellationToken), cancellationToken);
        var document = new
        {
            run.RunId,
            removed.Modules,
            removed.Nodes,
        };
        await JsonOutput.AnswerAsync(
            _common.Json(parsed),
            document,
            $"run {run.RunId} is removed: {removed.Modules} modules, {removed.Nodes} nodes"
        );
        return ExitCode.Success;
    }
}

/// <summary><c>dmkd modules remove</c>: a module with all its versions.</summary>
internal sealed class ModulesRemoveCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _name = ModulesCommand.NameArgument();
    private readonly Option<string?> _library = ModulesCommand.LibraryOption();
    private readonly Removal _removal = new();

    public ModulesRemoveCommand()
        : base("remove", "Remove a module that nothing else names, with all its versions; it cannot be taken back")
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
        if (!await _removal.IsWantedAsync(_common, parsed, $"module {module.Key}", cancellationToken))
            return ExitCode.Cancelled;
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
