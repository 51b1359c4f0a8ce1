using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Hosting;
using Dmkd.Contracts.Experts;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd modules</c>: what a library holds.</summary>
internal sealed class ModulesCommand : Command
{
    public ModulesCommand()
        : base("modules", "Show the expert modules of a library")
    {
        Subcommands.Add(new ListCommand());
        Subcommands.Add(new ShowCommand());
    }

    private static Option<string?> LibraryOption() => new("--library") { Description = "Library; the newest when not given" };

    private sealed class ListCommand : Command
    {
        private readonly CommonOptions _common = new();
        private readonly Option<string?> _library = LibraryOption();

        public ListCommand()
            : base("list", "List the modules")
        {
            Options.Add(_library);
            _common.AddTo(this);
            SetAction(RunAsync);
        }

        private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
        {
            HomeFolder.RequireRuns(_common.Home(parsed));
            await using var silo = await EmbeddedSilo.StartAsync(_common.Home(parsed), null, _common.Verbose(parsed), cancellationToken);
            var (library, modules) = await Libraries.OpenAsync(silo.Grains, parsed.GetValue(_library), cancellationToken);
            ModuleDocument[] documents = [.. modules.Select(module => ModuleDocument.Of(module))];
            if (_common.Json(parsed)) JsonOutput.Write(documents);
            else Consoles.Create(json: false).Write(ModuleTables.List(library, documents));
            return ExitCode.Success;
        }
    }

    private sealed class ShowCommand : Command
    {
        private readonly CommonOptions _common = new();
        private readonly Option<string?> _library = LibraryOption();
        private readonly Argument<string> _name = new("name") { Description = "Name of the module, such as expert-1" };

        public ShowCommand()
            : base("show", "Show everything about one module")
        {
            Arguments.Add(_name);
            Options.Add(_library);
            _common.AddTo(this);
            SetAction(RunAsync);
        }

        private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
        {
            string name = parsed.GetValue(_name)!;
            HomeFolder.RequireRuns(_common.Home(parsed));
            await using var silo = await EmbeddedSilo.StartAsync(_common.Home(parsed), null, _common.Verbose(parsed), cancellationToken);
            var (library, modules) = await Libraries.OpenAsync(silo.Grains, parsed.GetValue(_library), cancellationToken);
            var module = modules.FirstOrDefault(module => module.Descriptor.Name == name)
                ?? throw new BadInputException($"Library '{library}' has no module '{name}'; it has: {string.Join(", ", modules.Select(m => m.Descriptor.Name))}.");
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
}
