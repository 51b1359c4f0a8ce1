using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;
using Dmkd.Contracts.Experts;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd modules show</c>: everything about one module.</summary>
internal sealed class ModulesShowCommand : Command
{
    private readonly CommonOptions _common = new();
    private readonly Option<string?> _library = ModulesCommand.LibraryOption();
    private readonly Argument<string> _name = ModulesCommand.NameArgument();

    public ModulesShowCommand()
        : base("show", "Show everything about one module")
    {
        Arguments.Add(_name);
        Options.Add(_library);
        _common.AddTo(this);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        await using var silo = await _common.OpenAsync(parsed, cancellationToken);
        var module = await Libraries.FindAsync(silo.Grains, parsed.GetValue(_library), parsed.GetValue(_name)!, cancellationToken);
        var history = await silo.Grains.GetGrain<IExpertModuleGrain>(module.Descriptor.Key).GetHistoryAsync(cancellationToken);
        var document = ModuleDocument.Of(module, history);
        if (_common.Json(parsed))
        {
            JsonOutput.Write(document);
            return ExitCode.Success;
        }

        var console = Consoles.Create(json: false);
        console.Write(ModuleTables.Show(document));
        console.Write(ModuleTables.History(history));
        return ExitCode.Success;
    }
}
