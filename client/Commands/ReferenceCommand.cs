using System.CommandLine;
using Dmkd.Client.Errors;
using Dmkd.Client.Rendering;

namespace Dmkd.Client.Commands;

/// <summary>
/// <c>dmkd reference</c>, for whoever writes the documentation: docs/reference is made by it, and a test compares the
/// two.
/// </summary>
internal sealed class ReferenceCommand : Command, IWithoutTensors
{
    private static readonly string[] Pages = ["cli", "settings"];
    private readonly Argument<string> _page = new("page") { Description = string.Join(" or ", Pages) };

    public ReferenceCommand()
        : base("reference", "Print a page of the reference")
    {
        Hidden = true;
        _page.AcceptOnlyFromAmong(Pages);
        Arguments.Add(_page);
        SetAction(parsed =>
        {
            bool isSettings = parsed.GetValue(_page) == "settings";
            Console.Out.Write(isSettings ? SettingsPage.Text() : CommandsPage.Text(parsed.RootCommandResult.Command));
            return ExitCode.Success;
        });
    }
}
