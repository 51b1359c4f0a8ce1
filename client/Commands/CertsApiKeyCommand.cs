using System.CommandLine;
using Dmkd.Client.Display;
using Dmkd.Client.Files;
using Dmkd.Grains.Security;
using Dmkd.Grains.Security.ApiKeys;

namespace Dmkd.Client.Commands;

/// <summary><c>dmkd certs api-key</c>: a key for HTTP, whose hash goes to a file that silos read.</summary>
internal sealed class CertsApiKeyCommand : Command
{
    private readonly Option<string> _file = new("--file") { Description = "File of keys to add a line to; made when it does not exist", Required = true };
    private readonly Option<string> _role = CertsIssueCommand.RoleOption(AccessRoles.Names.Where(name => name != AccessRoles.NameOf(AccessRole.Silo)));
    private readonly Option<string> _name = CertsIssueCommand.NameOption();
    private readonly Option<bool> _json = CertsCommand.JsonOption();

    public CertsApiKeyCommand()
        : base("api-key", "Make an API key, show it once, and add its hash to a file")
    {
        foreach (Option option in (Option[])[_file, _role, _name, _json]) Options.Add(option);
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var identity = CertsIssueCommand.IdentityOf(parsed, _name, _role);
        string path = Path.GetFullPath(parsed.GetValue(_file)!);
        var (key, line) = ApiKeyFile.Make(identity);
        string before = File.Exists(path) ? await File.ReadAllTextAsync(path, cancellationToken) : "";
        using (var file = OutputFile.Open(path, replaces: true))
        {
            SecretFolder.Close(file.Content.SafeFileHandle);
            string text = $"{before}{(before.Length == 0 || before.EndsWith('\n') ? "" : "\n")}{line}\n";
            await file.Content.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text), cancellationToken);
            file.Commit();
        }

        if (parsed.GetValue(_json)) JsonOutput.Write(new { identity.Name, Role = AccessRoles.NameOf(identity.Role), Key = key, File = path });
        else await Console.Out.WriteLineAsync($"{key}\nis the key of {identity}; it is shown this once, {path} holds its hash");
        return ExitCode.Success;
    }
}
