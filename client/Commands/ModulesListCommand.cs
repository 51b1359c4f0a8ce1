using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd modules list</c>: one line per module.</summary>
internal sealed class ModulesListCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Option<string?> _library = ModulesCommand.LibraryOption();

    public ModulesListCommand()
        : base("list", "List the modules")
    {
        Options.Add(_library);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var silo = await _common.OpenAsync(parsed, cancellationToken);
        var (library, modules) = await Libraries.OpenAsync(silo.Grains, parsed.GetValue(_library), cancellationToken);
        ModuleDocument[] documents = [.. modules.Select(module => ModuleDocument.Of(module))];
        if (_common.Json(parsed)) JsonOutput.Write(documents);
        else Consoles.Create(json: false).Write(ModuleTables.List(library, documents));
        return ExitCode.Success;
    }
}
