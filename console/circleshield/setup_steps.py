"""What to tap on each system to use the proxy, and to undo it; in English and Chinese."""

from collections.abc import Iterable
from dataclasses import dataclass

from circleshield.reach import in_url

Text = tuple[str, str]
"""English, Chinese."""

LANGUAGES = ("en", "zh")
PROFILE = "profile.mobileconfig"


@dataclass(frozen=True)
class System:
    """The steps on one system. In them: {setup}, {pac}, {host}, {port} and {name}, the name of the CA."""

    title: str
    trust: tuple[Text, ...]
    proxy: tuple[Text, ...]
    undo: tuple[Text, ...]


HEADINGS: dict[str, Text] = {
    "trust": ("Trust the certificate", "信任证书"),
    "proxy": ("Use the proxy", "使用代理"),
    "tunnel": ("Or use a WireGuard tunnel", "或使用 WireGuard 隧道"),
    "undo": ("Undo it", "撤销"),
}
PAC_NOTE: Text = (
    "Automatic: only feeds go through the proxy. While the proxy is off, feeds load unfiltered with {pac}; with "
    "{pac_closed} they do not load at all.",
    "自动：只有信息流经过代理。代理关闭时，用 {pac} 信息流照常加载但不过滤；用 {pac_closed} 则完全不加载。",
)
TUNNEL: tuple[Text, ...] = (
    (
        "Install the WireGuard app. On the machine with the proxy (run with --mode wireguard): "
        "circleshield wireguard add NAME, and scan the QR code with the app. The certificate is needed here too.",
        "安装 WireGuard 应用。在运行代理的电脑上（以 --mode wireguard 启动）执行 circleshield wireguard add 名称，"
        "用该应用扫描二维码。此方式同样需要信任证书。",
    ),
)
TUNNEL_UNDO: Text = (
    "Delete the tunnel in the WireGuard app; on the machine with the proxy: circleshield wireguard revoke NAME.",
    "在 WireGuard 应用中删除隧道；在运行代理的电脑上执行 circleshield wireguard revoke 名称。",
)
_FIREFOX: Text = (
    "Firefox has a list of its own: Settings → Privacy & Security → View Certificates → Authorities → Import.",
    "Firefox 有自己的证书列表：设置 → 隐私与安全 → 查看证书 → 证书颁发机构 → 导入。",
)
_FIREFOX_UNDO: Text = (
    "In Firefox: Settings → Privacy & Security → View Certificates → Authorities → “{name}” → Delete.",
    "Firefox：设置 → 隐私与安全 → 查看证书 → 证书颁发机构 → “{name}” → 删除。",
)

SYSTEMS: dict[str, System] = {
    "ios": System(
        "iPhone, iPad",
        trust=(
            (
                "Open {setup} in Safari, tap “profile.mobileconfig” and allow it.",
                "用 Safari 打开 {setup}，点“profile.mobileconfig”并允许。",
            ),
            (
                "Settings → General → VPN & Device Management → circleshield → Install.",
                "设置 → 通用 → VPN 与设备管理 → circleshield → 安装。",
            ),
            (
                "Settings → General → About → Certificate Trust Settings → switch “{name}” on.",
                "设置 → 通用 → 关于本机 → 证书信任设置 → 打开“{name}”。",
            ),
        ),
        proxy=(
            (
                "Settings → Wi-Fi → ⓘ beside your network → Configure Proxy → Automatic, URL {pac}; "
                "or Manual, Server {host}, Port {port}.",
                "设置 → 无线局域网 → 所连网络旁的 ⓘ → 配置代理 → 自动，URL 填 {pac}；"
                "或选手动，服务器 {host}，端口 {port}。",
            ),
        ),
        undo=(
            ("Settings → Wi-Fi → ⓘ → Configure Proxy → Off.", "设置 → 无线局域网 → ⓘ → 配置代理 → 关闭。"),
            (
                "Settings → General → VPN & Device Management → circleshield → Remove Profile.",
                "设置 → 通用 → VPN 与设备管理 → circleshield → 移除描述文件。",
            ),
        ),
    ),
    "android": System(
        "Android",
        trust=(
            ("Open {setup} in Chrome and download “ca.cer”.", "用 Chrome 打开 {setup}，下载“ca.cer”。"),
            (
                "Search the settings for “CA certificate” (often Security → Encryption & credentials → Install a "
                "certificate) → CA certificate → Install anyway → ca.cer.",
                "在设置中搜索“CA 证书”（多在“安全 → 加密与凭据 → 安装证书”）→ CA 证书 → 仍然安装 → 选择 ca.cer。",
            ),
            (
                "Most apps trust no certificate of your own, browsers do: open the feed in Chrome.",
                "多数应用不信任用户自己安装的证书，浏览器信任：请用 Chrome 打开信息流。",
            ),
        ),
        proxy=(
            (
                "Settings → Wi-Fi → your network → edit → advanced options → Proxy → Proxy Auto-Config, {pac}; "
                "or Manual, {host}, port {port}.",
                "设置 → WLAN → 所连网络 → 修改 → 高级选项 → 代理 → 自动配置，填 {pac}；"
                "或选手动，主机名 {host}，端口 {port}。",
            ),
        ),
        undo=(
            ("Settings → Wi-Fi → your network → edit → Proxy → None.", "设置 → WLAN → 所连网络 → 修改 → 代理 → 无。"),
            (
                "Settings → Security → Encryption & credentials → Trusted credentials → User → “{name}” → Remove.",
                "设置 → 安全 → 加密与凭据 → 信任的凭据 → 用户 → “{name}” → 移除。",
            ),
        ),
    ),
    "windows": System(
        "Windows",
        trust=(
            (
                "Download “ca.cer” from {setup} and open it → Install Certificate → Current User → "
                "Place all certificates in the following store → Trusted Root Certification Authorities.",
                "从 {setup} 下载“ca.cer”并打开 → 安装证书 → 当前用户 → 将所有的证书都放入下列存储 → "
                "受信任的根证书颁发机构。",
            ),
            _FIREFOX,
        ),
        proxy=(
            (
                "Settings → Network & internet → Proxy → Use setup script → {pac}; "
                "or Use a proxy server → {host}, {port}.",
                "设置 → 网络和 Internet → 代理 → 使用设置脚本 → {pac}；或使用代理服务器 → {host}，端口 {port}。",
            ),
        ),
        undo=(
            ("Settings → Network & internet → Proxy → off.", "设置 → 网络和 Internet → 代理 → 关闭。"),
            (
                "certmgr.msc → Trusted Root Certification Authorities → Certificates → “{name}” → Delete.",
                "certmgr.msc → 受信任的根证书颁发机构 → 证书 → “{name}” → 删除。",
            ),
            _FIREFOX_UNDO,
        ),
    ),
    "macos": System(
        "macOS",
        trust=(
            (
                "Download “ca.cer” from {setup}, then in a terminal: security add-trusted-cert -r trustRoot "
                "-k ~/Library/Keychains/login.keychain-db ~/Downloads/ca.cer",
                "从 {setup} 下载“ca.cer”，然后在终端执行：security add-trusted-cert -r trustRoot "
                "-k ~/Library/Keychains/login.keychain-db ~/Downloads/ca.cer",
            ),
            _FIREFOX,
        ),
        proxy=(
            (
                "System Settings → Wi-Fi → Details → Proxies → Automatic proxy configuration, {pac}; "
                "or Web proxy (HTTP) and Secure web proxy (HTTPS), {host}, port {port}.",
                "系统设置 → Wi-Fi → 详细信息 → 代理 → 自动代理配置，填 {pac}；"
                "或网页代理 (HTTP) 与安全网页代理 (HTTPS)，{host}，端口 {port}。",
            ),
        ),
        undo=(
            ("System Settings → Wi-Fi → Details → Proxies → off.", "系统设置 → Wi-Fi → 详细信息 → 代理 → 关闭。"),
            (
                "Keychain Access → login → Certificates → “{name}” → Delete.",
                "钥匙串访问 → 登录 → 证书 → “{name}” → 删除。",
            ),
            _FIREFOX_UNDO,
        ),
    ),
    "linux": System(
        "Linux",
        trust=(
            (
                "Chromium: download “ca.pem” from {setup}, then: certutil -d sql:$HOME/.pki/nssdb -A -t C,, "
                "-n circleshield -i ca.pem (Debian: libnss3-tools).",
                "Chromium：从 {setup} 下载“ca.pem”，然后执行：certutil -d sql:$HOME/.pki/nssdb -A -t C,, "
                "-n circleshield -i ca.pem（Debian 软件包 libnss3-tools）。",
            ),
            _FIREFOX,
        ),
        proxy=(
            (
                "Chromium: start it with --proxy-pac-url={pac} or --proxy-server={host}:{port}.",
                "Chromium：启动时加上 --proxy-pac-url={pac} 或 --proxy-server={host}:{port}。",
            ),
            (
                "Firefox: Settings → Network Settings → Automatic proxy configuration URL, {pac}; "
                "or Manual, {host}, port {port}, also for HTTPS.",
                "Firefox：设置 → 网络设置 → 自动代理配置的 URL，填 {pac}；或手动，{host}，端口 {port}，也用于 HTTPS。",
            ),
        ),
        undo=(
            (
                "Chromium: start it without that option, and: certutil -d sql:$HOME/.pki/nssdb -D -n circleshield",
                "Chromium：启动时不加该选项，并执行：certutil -d sql:$HOME/.pki/nssdb -D -n circleshield",
            ),
            ("Firefox: Settings → Network Settings → No proxy.", "Firefox：设置 → 网络设置 → 不使用代理。"),
            _FIREFOX_UNDO,
        ),
    ),
}


@dataclass(frozen=True)
class Ways:
    """Where a device finds things: the proxy, and what it serves on its own port."""

    host: str
    port: int
    ca_name: str

    @property
    def proxy(self) -> str:
        """Host and port, with brackets around an IPv6 address."""
        return in_url((self.host, self.port))

    def url(self, path: str) -> str:
        """The address of a path of the set-up page."""
        return f"http://{self.proxy}/{path}"

    def codes(self, systems: Iterable[str]) -> list[tuple[Text, str]]:
        """What is worth scanning with a phone, each with what it is."""
        found = [(("These steps", "本页步骤"), self.url("setup"))]
        if "ios" in systems:
            found.append((("Certificate profile (iPhone, iPad)", "证书描述文件（iPhone、iPad）"), self.url(PROFILE)))
        if "android" in systems:
            found.append((("Certificate (Android)", "证书（Android）"), self.url("ca.cer")))
        found.append((("Automatic proxy (PAC)", "自动代理 (PAC)"), self.url("proxy.pac")))
        found.append((("Manual proxy", "手动代理"), self.proxy))
        return found

    def say(self, text: Text, language: str) -> str:
        """A text in a language, with what belongs into it."""
        return text[LANGUAGES.index(language)].format(
            setup=self.url("setup"),
            pac=self.url("proxy.pac"),
            pac_closed=self.url("proxy.pac?closed"),
            host=self.host,
            port=self.port,
            name=self.ca_name,
        )
